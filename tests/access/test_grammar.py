"""The request line: what it means, that it reads back, and how it says what is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockarmor.access.capability import CAPABILITIES
from dockarmor.access.grammar import format_request, parse_request
from dockarmor.access.permission import DBUS_NAMES, IO_URING_NAMES, PTRACE_NAMES, SIGNAL_NAMES
from dockarmor.access.request import (
    CapabilityRequest,
    ChangeProfileRequest,
    DbusRequest,
    ExecRequest,
    FileRequest,
    IoUringRequest,
    LinkRequest,
    MountRequest,
    NetworkRequest,
    PivotRootRequest,
    PtraceRequest,
    Request,
    SignalRequest,
    UmountRequest,
    UnixRequest,
    UsernsRequest,
)
from dockarmor.access.signal import SIGNALS
from dockarmor.access.socket import FAMILIES, SOCKET_TYPES
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError

LINES = {
    "file w /proc/sysrq-trigger": FileRequest(0x2, b"/proc/sysrq-trigger"),
    "file rw /x other": FileRequest(0x6, b"/x", owner=False),
    "file r,open,getattr /x": FileRequest(0x244, b"/x"),
    'file r "/tmp/a b"': FileRequest(0x4, b"/tmp/a b"),
    'file r "run/dbus"': FileRequest(0x4, b"run/dbus"),
    "file r /caf\\xc3\\xa9": FileRequest(0x4, "/café".encode()),
    "link /new -> /old": LinkRequest(b"/new", b"/old"),
    "exec /bin/sh": ExecRequest(b"/bin/sh"),
    "capability sys_admin": CapabilityRequest("sys_admin"),
    "network create inet stream": NetworkRequest(0x10, "inet", "stream"),
    "network connect inet stream protocol=6": NetworkRequest(0x40, "inet", "stream", 6),
    "unix connect stream": UnixRequest(0x40, "stream"),
    "unix connect stream addr=@x peer_addr=@y peer=label": UnixRequest(0x40, "stream", 0, b"\0x", b"\0y", "label"),
    "unix connect stream peer_addr=/run/x": UnixRequest(0x40, "stream", peer_address=b"/run/x"),
    "mount fstype=proc options=(ro,nosuid) proc -> /mnt": MountRequest(b"/mnt", b"proc", b"proc", 3),
    "mount options=rbind /a -> /b": MountRequest(b"/b", b"/a", flags=0x5000),
    "mount options=make-rprivate -> /b": MountRequest(b"/b", flags=0x44000),
    "umount /mnt": UmountRequest(b"/mnt"),
    "pivot_root oldroot=/new/old /new": PivotRootRequest(b"/new", b"/new/old"),
    "signal send kill peer=unconfined": SignalRequest(0x2, "kill", "unconfined"),
    "signal receive rtmin+3 peer=a//b": SignalRequest(0x4, "rtmin+3", "a//b"),
    "ptrace read peer=docker-default": PtraceRequest(0x4, "docker-default"),
    "change_profile other": ChangeProfileRequest("other"),
    "change_profile other exec=/bin/true": ChangeProfileRequest("other", b"/bin/true"),
    "userns create": UsernsRequest(),
    "dbus send bus=system name=org.x path=/o peer=p": DbusRequest(0x2, "system", name="org.x", path="/o", peer="p"),
    "io_uring sqpoll": IoUringRequest(0x10),
    "io_uring override_creds label=x": IoUringRequest(0x8, "x"),
}


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_its_request_and_a_request_its_line(line: str) -> None:
    assert parse_request(line) == LINES[line]
    assert format_request(LINES[line]) == line


@pytest.mark.parametrize(
    "short, line",
    [
        ("read /x", "file r /x"),
        ("write /x", "file w /x"),
        ("append /x", "file a /x"),
        ("create /x", "file c /x"),
        ("delete /x owner", "file d /x"),
        ("file (read, lock) /x", "file rk /x"),
        ("network inet stream", "network create inet stream"),
        ("unix stream addr=none", "unix create stream"),
        ("mount options=(rw, private) -> /x", "mount options=make-private -> /x"),
        ("signal send tstp", "signal send stp peer=unconfined"),
        ("userns", "userns create"),
        ("file r /a\\040b", 'file r "/a b"'),
        ("  exec\t/bin/sh\n", "exec /bin/sh"),
    ],
)
def test_other_spellings_of_a_line(short: str, line: str) -> None:
    assert format_request(parse_request(short)) == line


words = st.integers(1, 0xFFFFFFFF)
paths = st.binary(min_size=1, max_size=20).map(lambda tail: tail.replace(b"\0", b"/"))
labels = st.text(st.characters(min_codepoint=1, max_codepoint=255), min_size=1, max_size=20)
optional = labels | st.just("")
addresses = st.none() | st.binary(max_size=12)
kinds = st.sampled_from(sorted(SOCKET_TYPES))
protocols = st.integers(0, 0xFFFF)


def bits(names: dict[str, int]) -> st.SearchStrategy[int]:
    return st.sampled_from(sorted(names.values()))


requests = st.one_of(
    st.builds(FileRequest, words, paths, st.booleans()),
    st.builds(LinkRequest, paths, paths, st.booleans()),
    st.builds(ExecRequest, paths, st.booleans()),
    st.builds(CapabilityRequest, st.sampled_from(CAPABILITIES)),
    st.builds(NetworkRequest, words, st.sampled_from(sorted(FAMILIES)), kinds, protocols),
    st.builds(UnixRequest, words, kinds, protocols, addresses, addresses, st.none() | labels),
    st.builds(MountRequest, paths, paths | st.just(b""), paths | st.just(b""), st.integers(0, 0xFFFFFFFF)),
    st.builds(UmountRequest, paths),
    st.builds(PivotRootRequest, paths, paths),
    st.builds(SignalRequest, bits(SIGNAL_NAMES), st.sampled_from([*SIGNALS, "rtmin+0", "rtmin+32"]), labels),
    st.builds(PtraceRequest, bits(PTRACE_NAMES), labels),
    st.builds(ChangeProfileRequest, labels, st.none() | paths),
    st.just(UsernsRequest()),
    st.builds(DbusRequest, bits(DBUS_NAMES), labels, optional, optional, optional, optional, optional),
    st.builds(IoUringRequest, st.just(IO_URING_NAMES["sqpoll"])),
    st.builds(IoUringRequest, st.just(IO_URING_NAMES["override_creds"]), st.none() | labels),
)


@given(requests)
def test_every_request_has_a_line_that_reads_back(request: Request) -> None:
    line = format_request(request)
    assert line.isascii()
    assert line.isprintable()
    assert parse_request(line) == request


@given(st.text(max_size=60) | st.text('()"\\=->,/@*x0 \t' + "file r", max_size=40).map("file r ".__add__))
def test_any_text_is_a_request_or_a_diagnostic(text: str) -> None:
    request, found = outcome(text)
    if request is None:
        assert all(diagnostic.code.startswith("DA7") and diagnostic.span for diagnostic in found)
    else:
        assert parse_request(format_request(request)) == request


def outcome(text: str) -> tuple[Request | None, tuple[Diagnostic, ...]]:
    try:
        return parse_request(text), ()
    except DiagnosticError as error:
        return None, error.diagnostics


def wrong(line: str) -> Diagnostic:
    with pytest.raises(DiagnosticError) as caught:
        parse_request(line)
    (found,) = caught.value.diagnostics
    return found


@pytest.mark.parametrize(
    "line, code, place, message, help",
    [
        ("", "DA704", "", "expected the class of the request", None),
        ("fiel r /x", "DA702", "fiel", "unknown class of requests `fiel`", "did you mean `file`?"),
        ("file /x", "DA704", "/x", "expected the permissions before the path", None),
        ("file rz /x", "DA703", "rz", "unknown permission `rz`", None),
        ("file r", "DA704", "", "expected the path", "example: file w /proc/sysrq-trigger"),
        ("file r /x foo", "DA705", "foo", "the request is complete before this word", None),
        ("file r etc/passwd", "DA709", "etc/passwd", "a path begins with `/`", None),
        ("file r /etc/**", "DA709", "/etc/**", "a request names one path, not a pattern", None),
        ("file r @{HOME}/x", "DA709", "@{HOME}/x", "a request names one path, not a pattern", None),
        ("file r /a\\qb", "DA706", "\\q", "this escape is not known", None),
        ('file r "/a', "DA706", '"/a', "a quote or parenthesis in this word is not closed", None),
        ("file r /\u20ac", "DA706", "\u20ac", "a request is a line of bytes, and this is none", None),
        ("capability CAP_SYS_ADMIN", "DA708", "CAP_SYS_ADMIN", None, "did you mean `sys_admin`?"),
        ("network conect inet stream", "DA703", "conect", None, "did you mean `connect`?"),
        ("network inet strem", "DA708", "strem", "unknown socket type `strem`", "did you mean `stream`?"),
        ("signal send SIGKILL", "DA708", "SIGKILL", None, "did you mean `kill`?"),
        ("signal send kill pear=x", "DA707", "pear", "unknown condition `pear`", "did you mean `peer`?"),
        ("ptrace read,trace peer=x", "DA703", "read,trace", None, None),
        ("mount options=(ro,rw) -> /x", "DA708", None, "the options say both `ro` and its contrary", None),
        ("mount proc /mnt", "DA704", "/mnt", "expected `->` and the mount point", None),
        ("unix connect stream addr=x", "DA708", "addr=x", "an address is `none`, `@name` or a path", None),
        ("dbus send name=x", "DA704", None, "a dbus request needs `bus=`", None),
    ],
)
def test_a_wrong_line_is_explained(
    line: str, code: str, place: str | None, message: str | None, help: str | None
) -> None:
    found = wrong(line)
    assert found.code == code
    assert found.span is not None
    assert found.span.source.name == "request"
    assert place is None or found.span.text == place
    assert message is None or found.message == message
    assert help is None or help in found.help


def test_a_line_longer_than_any_request_is_refused() -> None:
    assert wrong("file r /" + "x" * 100_000).message == "a request has at most 80000 bytes"
