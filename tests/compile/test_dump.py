"""A blob in words."""

from collections.abc import Callable

from dockarmor.compile.dump import dump
from dockarmor.compile.pipeline import Built
from dockarmor.compile.reader import read_blob

TEXT = """profile t /usr/bin/t flags=(attach_disconnected,mediate_deleted,complain) {
  capability sys_admin chown,
  deny capability kill,
  set rlimit nofile <= 1024,
  set rlimit core <= infinity,
  /a px -> :ns:other,
}
"""


def test_header_fields_by_name(build: Callable[..., Built]) -> None:
    (profile,) = read_blob(build(TEXT).blob).profiles
    shown = dump(profile)
    assert shown.name == "t"
    assert dict(shown.fields) == {
        "blob version": "7 (word 0x00202007)",
        "mode": "complain",
        "attachment": "by automaton, at least 10 bytes",
        "path flags": "attach_disconnected mediate_deleted (0x10004)",
        "capabilities allowed": "chown sys_admin",
        "capabilities quietly denied": "kill",
        "rlimit core": "infinity",
        "rlimit nofile": "1024",
    }
    assert shown.targets == (":ns:other",)
    assert shown.states == ()


def test_tables_in_figures(build: Callable[..., Built]) -> None:
    (profile,) = read_blob(build("profile t { /a r, }", "kernel-6.1").blob).profiles
    (policy, file) = dump(profile).tables
    assert (file.use, file.states, file.used, file.permissions, file.wide) == ("file", 4, 2, None, False)
    assert policy.use == "policy"


def test_states_one_by_one(build: Callable[..., Built]) -> None:
    (profile,) = read_blob(build("profile t { owner /a r, }", "kernel-6.1").blob).profiles
    lines = [line for line in dump(profile, states=True).states if line.startswith("file")]
    assert lines == [
        "file 0: allow=0x200; default 0",
        "file 1: allow=0x200; default 0; 2f→2",
        "file 2: allow=0x200; default 0; 61→3",
        "file 3: allow=0x244 | others allow=0x200; default 0",
    ]
