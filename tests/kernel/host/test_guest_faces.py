"""Programs in a real kernel's guest: Debian's and ours meet the same securityfs and /proc."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from dockarmor.kernel.lab import Lab
from dockarmor.kernel.lab.lab import Run

pytestmark = pytest.mark.lab

OURS = "import sys; sys.path[:0] = ['/own']; from dockarmor.cli.main import main; sys.exit(main(sys.argv[1:]))"
COMMANDS = [(), ("--json",), ("--pretty-json",), ("--count",), ("--show=processes",), ("--enabled",)]


LIBRARIES = ("ld-linux-x86-64.so.2", "libc.so.6", "libapparmor.so.1")


def program(name: str, root: Path, guest: Lab, more: Sequence[str] = ()) -> list[str]:
    """Put one of Debian's programs into the guest, with its own libraries; the argv that starts it."""
    libraries = root / "usr/lib/x86_64-linux-gnu"
    for needed in (*LIBRARIES, *more):
        guest.put_file(f"/deb/{needed}", (libraries / needed).resolve().read_bytes(), 0o755)
    found = next(path for path in root.glob(f"usr/*bin/{name}"))
    guest.put_file(f"/deb/{name}", found.read_bytes(), 0o755)
    return ["/deb/ld-linux-x86-64.so.2", "--library-path", "/deb", f"/deb/{name}"]


def both(guest: Lab, theirs: Sequence[str], name: str, options: Sequence[str], uid: int = 0) -> tuple[Run, Run]:
    ours = ["/usr/bin/python3", "-S", "-E", "-c", OURS, name]
    return guest.run([*theirs, *options], uid=uid), guest.run([*ours, *options], uid=uid, timeout=120)


def test_what_is_printed_of_a_real_kernel_is_what_debian_prints(
    guest: Lab, reference_parser: Path, blob: bytes
) -> None:
    status = program("aa-status", reference_parser.parent / "root-sid", guest)
    enabled = program("aa-enabled", reference_parser.parent / "root-sid", guest)
    nothing = both(guest, status, "aa-status", ())
    assert (nothing[0].stdout, nothing[0].status) == (nothing[1].stdout, nothing[1].status)
    guest.load(blob)
    outlive = "(echo 0 >/sys/fs/cgroup/cgroup.procs; exec %s) >/dev/null 2>&1 & sleep 0.5; echo $!"
    # Two programs: of one in two modes, the original says its name twice in JSON.
    running = {"first": "/bin/sleep 77", "learning": "/bin/tail -f /dev/null"}
    pids = [
        guest.run(["/bin/sh", "-c", outlive % command], profile=name).stdout.decode().strip()
        for name, command in running.items()
    ]
    try:
        for options in COMMANDS:
            expected, found = both(guest, status, "aa-status", options)
            assert found.stdout == expected.stdout, options
            assert found.status == expected.status, options
        assert b"   /bin/sleep (%s) first\n" % pids[0].encode() in both(guest, status, "aa-status", ())[1].stdout
        expected, found = both(guest, status, "aa-status", (), uid=1000)
        assert b"not have enough privilege" in found.stderr
        assert found.status == expected.status == 4
        expected, found = both(guest, enabled, "aa-enabled", ())
        assert (found.stdout, found.status) == (expected.stdout, expected.status) == (b"Yes\n", 0)
    finally:
        guest.run(["/bin/kill", "-9", *pids])
        for name in ("first", "learning", "/usr/bin/named", "free"):
            guest.remove(name)


EXECUTED: list[tuple[str, ...]] = [
    ("-p", "first", "/bin/cat", "/proc/self/attr/current"),
    ("--profile=first", "-i", "-v", "--", "/bin/cat", "/proc/self/attr/current"),
    ("-dvp", "learning", "/bin/cat", "/proc/self/attr/current"),
    ("/bin/cat", "/proc/self/attr/current"),
    ("-v", "echo", "a", "b"),
    ("-p", "none", "/bin/true"),
    ("-d", "-n", "nowhere", "-p", "first", "/bin/true"),
    ("-n", "nowhere", "/bin/true"),
    ("-p", "first", "-p", "first", "/bin/true"),
    ("-p", "x" * 5000, "/bin/true"),
    ("/no/such",),
    ("-p", "first", "--", "sh", "-c", "exit 7"),
]


def test_programs_are_started_under_profiles_as_by_aa_exec(guest: Lab, reference_parser: Path, blob: bytes) -> None:
    theirs = program("aa-exec", reference_parser.parent / "root-sid", guest)
    guest.load(blob)
    try:
        for options in EXECUTED:
            expected, found = both(guest, theirs, "aa-exec", options)
            assert found.stdout == expected.stdout, options
            assert anonymous(found.stderr) == anonymous(expected.stderr), options
            assert found.status == expected.status, options
        assert both(guest, theirs, "aa-exec", EXECUTED[0])[1].stdout == b"first (enforce)\n"
        assert both(guest, theirs, "aa-exec", EXECUTED[-1])[1].status == 7
    finally:
        for name in ("first", "learning", "/usr/bin/named", "free"):
            guest.remove(name)


POLICIES = {
    "one": b"profile one_alone { /etc/passwd r, }\n",
    "two": b"profile one_of_two /usr/bin/one { /etc/passwd r, ^hat { } }\nprofile two_of_two flags=(complain) { }\n",
    "changed": b"profile one_of_two { }\n",
}
#: command lines of apparmor_parser, each on the kernel that the ones before have left; what differs when a file of
#: several profiles is refused has a line in docs/decisions/0011
LOADED: list[tuple[str, ...]] = [
    *(("-a", "/one"), ("-a", "/one"), ("/one",), ("-r", "/two"), ("-r", "/changed"), ("-C", "-r", "/changed")),
    *(("-r", "/two", "/one"), ("-R", "/one"), ("-R", "/one"), ("-R", "/two"), ("-r", "/none")),
    *(("-N", "/two"), ("-Q", "-a", "/two"), ("-a", "/two", "/one")),
]


def test_policy_is_loaded_as_by_apparmor_parser(guest: Lab, reference_parser: Path) -> None:
    """The same words, status and profiles in the kernel after every command line."""
    root = reference_parser.parent / "root-sid"
    theirs = program("apparmor_parser", root, guest, ("libstdc++.so.6", "libgcc_s.so.1", "libm.so.6", "libzstd.so.1"))
    for name, text in POLICIES.items():
        guest.put_file(f"/{name}", text)
    ours = ["/usr/bin/python3", "-S", "-E", "-c", OURS, "apparmor_parser"]
    expected, found = (_loading(guest, [*side, "--config-file=/dev/null", "-K"]) for side in (theirs, ours))
    for line, wanted, had in zip(LOADED, expected, found, strict=True):
        assert had == wanted, (line, had, wanted)
    assert ("one_alone", "enforce") in expected[0][-1]


def _loading(guest: Lab, command: list[str]) -> list[tuple[int, bytes, bytes, list[tuple[str, str]]]]:
    """What each line gives: its status, what it says, and the profiles that are there then."""
    told = []
    for line in LOADED:
        ran = guest.run([*command, *line], timeout=300)
        profiles = sorted((one.name, one.mode) for one in guest.profiles())
        told.append((ran.status, ran.stdout, anonymous(ran.stderr).replace(b"/deb/", b""), profiles))
    for name in {name.partition("//")[0] for name, _ in told[-1][-1]}:
        guest.remove(name)
    return told


def anonymous(said: bytes) -> bytes:
    """Without the number of the process."""
    said = said.replace(b"Could not find platform dependent libraries <exec_prefix>\n", b"")
    return re.sub(rb"^\[\d+\]", b"[PID]", said, flags=re.MULTILINE)
