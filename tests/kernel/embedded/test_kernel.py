"""The embedded kernel: what is loaded, who may do what, and what it writes down."""

from errno import EACCES, EEXIST, EINVAL, EIO, ENOENT, EPERM, EPROTO
from pathlib import Path

import pytest

from dockarmor.access.decision import Decision
from dockarmor.access.event import Event
from dockarmor.access.grammar import parse_request
from dockarmor.ask.subject import from_policy
from dockarmor.audit.meaning import request_of
from dockarmor.audit.record import read_record
from dockarmor.compile.blob import write_blob
from dockarmor.compile.reader import read_blob
from dockarmor.kernel.embedded.kernel import Embedded
from dockarmor.kernel.embedded.records import Task
from dockarmor.kernel.protocol import KernelError, Permissions, Query
from dockarmor.policy.builtin import builtin_base
from dockarmor.policy.features import builtin
from dockarmor.policy.read import library, read_text, require
from dockarmor.rules.registry import ALL
from dockarmor.text.source import Source
from dockarmor.value import replace

POLICY = """
profile web { /srv/** r, deny /srv/key r, audit deny /srv/log w, owner /srv/mine w, network inet stream,
  ^admin { /admin r, } }
profile backup { /srv/** r, audit /srv/key r, signal send peer=web, }
profile learning flags=(complain) { /srv/** r, deny /srv/key r, }
profile strict flags=(kill) { /srv/** r, }
profile free flags=(unconfined) { userns, }
"""
FEATURES = builtin("kernel-6.12")
TASK = Task(7, b"cat")


def compiled(text: str) -> bytes:
    resolved = require(read_text(Source("test", text), library(builtin_base())))
    return from_policy("test", resolved.policy, FEATURES).blob


BLOB = compiled(POLICY)


@pytest.fixture
def kernel(tmp_path: Path) -> Embedded:
    kernel = Embedded(str(tmp_path), {"file": {"mask": "read"}}, ALL)
    kernel.load(BLOB)
    return kernel


def ask(kernel: Embedded, label: str, line: str) -> Decision:
    return kernel.ask(label, parse_request(line))


def names(kernel: Embedded) -> list[str]:
    return [f"{profile.name} ({profile.mode})" for profile in kernel.profiles()]


# -- what is loaded -----------------------------------------------------------------------------------------


def test_profiles_are_listed_with_mode_and_hash(kernel: Embedded) -> None:
    assert names(kernel) == [
        "web (enforce)",
        "web//admin (enforce)",
        "strict (kill)",
        "learning (complain)",
        "free (unconfined)",
        "backup (enforce)",
    ]
    assert len({profile.hash for profile in kernel.profiles()}) == 6


def test_what_is_loaded_is_there_for_the_next_process(kernel: Embedded, tmp_path: Path) -> None:
    later = Embedded(str(tmp_path), {}, ALL)
    assert later.profiles() == kernel.profiles()
    assert ask(later, "web", "read /srv/x").allowed


def test_a_profile_is_replaced_for_every_process_at_once(kernel: Embedded, tmp_path: Path) -> None:
    Embedded(str(tmp_path), {}, ALL).load(compiled("profile web { /other r, }"))
    assert not ask(kernel, "web", "read /srv/x").allowed
    assert ask(kernel, "web", "read /other").allowed
    assert ask(kernel, "web//admin", "read /admin").allowed


@pytest.mark.parametrize(
    "blob, replace, errno",
    [(BLOB, False, EEXIST), (BLOB[:-1], True, EPROTO), (b"", True, EINVAL)],
)
def test_a_load_that_fails_leaves_what_was_there(kernel: Embedded, blob: bytes, replace: bool, errno: int) -> None:
    before = kernel.profiles()
    with pytest.raises(KernelError) as caught:
        kernel.load(blob, replace=replace)
    assert caught.value.errno == errno
    assert kernel.profiles() == before


def test_a_removal_takes_the_children_along(kernel: Embedded) -> None:
    kernel.remove("web")
    assert not [name for name in names(kernel) if name.startswith("web")]
    with pytest.raises(KernelError, match="profile web is not loaded") as caught:
        ask(kernel, "web", "read /srv/x")
    assert caught.value.errno == ENOENT


def test_a_damaged_blob_is_said_where_it_is_needed_and_nowhere_else(kernel: Embedded, tmp_path: Path) -> None:
    kernel.load(compiled("profile other { /x r, }"))
    later = Embedded(str(tmp_path), {}, ALL)
    for blob in (tmp_path / "blobs").iterdir():
        if blob.read_bytes() == BLOB:
            blob.write_bytes(b"")
    assert "web (enforce)" in names(later)
    assert ask(later, "other", "read /x").allowed
    with pytest.raises(KernelError, match="is damaged; load its profiles again") as caught:
        ask(later, "web", "read /srv/x")
    assert caught.value.errno == EIO


def test_it_says_what_it_was_told_it_can_do_and_that_nothing_runs_in_it(kernel: Embedded) -> None:
    assert kernel.features() == {"file": {"mask": "read"}}
    assert kernel.processes() == []


# -- asking -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "label, line, allowed, record",
    [
        ("web", "read /srv/x", True, None),
        ("web", "read /etc/x", False, "DENIED"),
        ("web", "read /srv/key", False, None),
        ("web", "write /srv/log", False, "DENIED"),
        ("web", "write /srv/mine", True, None),
        ("web", "file w /srv/mine other", False, "DENIED"),
        ("web", "network inet stream", True, None),
        ("web", "network inet raw", False, "DENIED"),
        ("backup", "read /srv/key", True, "AUDIT"),
        ("backup", "signal send term peer=web", True, None),
        ("backup", "signal send term peer=strict", False, "DENIED"),
        ("learning", "read /etc/x", True, "ALLOWED"),
        ("learning", "read /srv/key", False, None),
        ("strict", "read /etc/x", False, "KILLED"),
        ("free", "read /etc/x", True, None),
        ("unconfined", "capability sys_admin", True, None),
        ("web//&backup", "read /srv/x", True, None),
        ("web//&backup", "read /srv/key", False, None),
        ("web//&free", "read /srv/key", False, None),
        ("learning//&backup", "read /etc/x", False, "DENIED"),
    ],
)
def test_a_verdict(kernel: Embedded, label: str, line: str, allowed: bool, record: str | None) -> None:
    decision = ask(kernel, label, line)
    assert (decision.allowed, decision.record) == (allowed, record)
    assert decision.errno == (0 if allowed else EACCES)


def test_access_answers_a_batch(kernel: Embedded) -> None:
    queries = [Query("web", 2, b"/srv/key"), Query("unconfined", 2, b"/x"), Query("web", 99, b"")]
    key, free, strange = kernel.access(queries)
    assert key.allow & 4 == 0
    assert key.quiet & 4
    assert free == strange == Permissions(0xFFFFFFFF, 0, 0, 0xFFFFFFFF)


# -- records ------------------------------------------------------------------------------------------------


def test_what_is_denied_is_written_down_once_for_each_profile_of_a_stack(kernel: Embedded) -> None:
    kernel.attempt("web//&backup", parse_request("read /etc/x"), TASK, 1724847289, 5)
    line = (
        'operation="open" class="file" profile="{}" name="/etc/x" pid=7 comm="cat" '
        'requested_mask="r" denied_mask="r" fsuid=0 ouid=0'
    )
    assert kernel.events() == [
        f'audit(1724847289.005:1): apparmor="DENIED" {line.format("backup")}',
        f'audit(1724847289.005:1): apparmor="DENIED" {line.format("web")}',
    ]


def test_events_are_given_out_once_and_serials_go_on(kernel: Embedded, tmp_path: Path) -> None:
    for second in (1, 2):
        kernel.attempt("web", parse_request("write /srv/log"), TASK, second, 0)
        assert len(kernel.events()) == 1
    assert kernel.events() == []
    assert [line.partition(": ")[0] for line in Embedded(str(tmp_path), {}, ALL).events()] == [
        "audit(1.000:1)",
        "audit(2.000:2)",
    ]


def test_a_silent_denial_writes_nothing(kernel: Embedded) -> None:
    assert not kernel.attempt("web", parse_request("read /srv/key"), TASK, 1, 0).allowed
    assert kernel.events() == []


@pytest.mark.parametrize(
    "line",
    [
        "file w /srv/x",
        "link /srv/a -> /srv/b",
        "exec /bin/sh",
        "capability sys_admin",
        "network inet raw",
        "unix connect stream",
        "mount fstype=proc proc -> /mnt/",
        "umount /mnt/",
        "pivot_root oldroot=/a/ /b/",
        "signal send kill peer=unconfined",
        "ptrace read peer=unconfined",
        "change_profile other",
        "userns create",
        "io_uring sqpoll",
    ],
)
def test_every_class_of_requests_is_decided_and_its_record_reads_back_as_the_request(
    kernel: Embedded, line: str
) -> None:
    request = parse_request(line)
    assert not kernel.attempt("strict", request, TASK, 1, 0).allowed
    (written,) = kernel.events()
    event = read_record(written)
    assert isinstance(event, Event)
    assert request_of(event) == request


# -- where an exec leads ------------------------------------------------------------------------------------

TRANSITIONS = """
profile shell { /bin/* ix, /usr/bin/a* px, /usr/bin/b px -> named, /usr/bin/c pux, /usr/bin/{d,e} cx,
  profile /usr/bin/d { } }
profile shell///usr/bin/e { }
profile named { }
profile wide /usr/bin/a** { }
profile narrow /usr/bin/app* { }
"""


@pytest.mark.parametrize(
    "label, path, target",
    [
        ("shell", "/bin/ls", "shell"),
        ("shell", "/usr/bin/ax", "wide"),
        ("shell", "/usr/bin/apps", "narrow"),
        ("shell", "/usr/bin/b", "named"),
        ("shell", "/usr/bin/c", "unconfined"),
        ("shell", "/usr/bin/d", "shell///usr/bin/d"),
        ("shell", "/usr/bin/e", "shell///usr/bin/e"),
        ("shell", "/usr/bin/f", None),
        ("unconfined", "/usr/bin/apps", "narrow"),
        ("unconfined", "/bin/ls", "unconfined"),
        ("shell//&unconfined", "/usr/bin/apps", "narrow"),
    ],
)
def test_the_label_after_an_exec(kernel: Embedded, label: str, path: str, target: str | None) -> None:
    kernel.load(compiled(TRANSITIONS))
    decision = ask(kernel, label, f"exec {path}")
    assert (decision.target if decision.allowed else None) == target


def test_an_exec_whose_profile_is_not_loaded_is_refused(kernel: Embedded) -> None:
    kernel.load(compiled(TRANSITIONS))
    kernel.remove("named")
    decision = ask(kernel, "shell", "exec /usr/bin/b")
    assert (decision.allowed, decision.info, decision.errno) == (False, "profile transition not found", EACCES)


@pytest.mark.parametrize("rule, target", [("px", None), ("pix", "p"), ("pux", "unconfined")])
def test_a_target_without_a_name_is_a_profile_that_is_not_loaded(
    kernel: Embedded, rule: str, target: str | None
) -> None:
    """As 6.1 and 6.17 do with such a blob; apparmor_parser 4.1 writes some."""
    (profile,) = read_blob(compiled(f"profile p {{ /a {rule} -> b, }}")).profiles
    kernel.load(write_blob([replace(profile, exec_table=("",))]))
    decision = ask(kernel, "p", "exec /a")
    assert (decision.target if decision.allowed else None) == target


# -- what a task is besides its label -----------------------------------------------------------------------

LEAVING = """
profile shop { file, change_profile, /x/own ix, /x/other px -> other, /x/free ux, /x/both pix -> &other, }
profile other { file, }
"""


@pytest.mark.parametrize(
    "line, allowed",
    [
        ("exec /x/own", True),
        ("exec /x/other", False),
        ("exec /x/free", False),
        ("exec /x/both", True),
        ("change_profile other", False),
        ("change_profile &other", True),
    ],
)
def test_no_new_privs_keeps_a_task_under_its_profiles(tmp_path: Path, line: str, allowed: bool) -> None:
    kernel = Embedded(str(tmp_path), {}, ALL)
    kernel.load(compiled(LEAVING))
    request = parse_request(line)
    assert kernel.attempt("shop", request, TASK, 1, 2).allowed
    decision = kernel.attempt("shop", request, Task(7, b"cat", no_new_privs=True), 1, 2)
    assert (decision.allowed, decision.errno) == (allowed, 0 if allowed else EPERM)
    # The kernel writes of programs alone.
    assert [line for line in kernel.events() if "no new privs" in line] == (
        []
        if allowed or line.startswith("change")
        else [
            'audit(1.002:1): apparmor="DENIED" operation="exec" class="file" info="no new privs" error=-1 '
            f'profile="shop" name="{line[5:]}" pid=7 comm="cat" requested_mask="x" denied_mask="x" fsuid=0 ouid=0 '
            f'target="{"other" if "other" in line else "unconfined"}"'
        ]
    )


def test_a_change_to_a_profile_that_is_not_loaded_is_refused_before_rules_are_looked_at(tmp_path: Path) -> None:
    kernel = Embedded(str(tmp_path), {}, ALL)
    kernel.load(compiled(LEAVING))
    decision = kernel.attempt("shop", parse_request("change_profile nobody"), TASK, 1, 2)
    assert (decision.allowed, decision.errno) == (False, ENOENT)
    assert kernel.events() == [
        'audit(1.002:1): apparmor="DENIED" operation="change_profile" class="file" info="label not found" error=-2 '
        'profile="shop" name="nobody" pid=7 comm="cat"'
    ]
