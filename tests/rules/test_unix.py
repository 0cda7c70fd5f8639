"""Unix socket rules: what is accepted, what they encode to for old and new kernels, how the kernel decides."""

from typing import Any

import pytest

from dockarmor.access.confinement import StatePermissions
from dockarmor.access.event import Event
from dockarmor.access.request import UnixRequest
from dockarmor.rules.kind import Bare, Dropped, Entry, Qualifiers
from dockarmor.rules.socket_entry import EVERY
from dockarmor.rules.unix import KIND
from dockarmor.text.diagnostic import DiagnosticError

FINE = frozenset(("network_v8", "network_v9", "network_v9/af_unix"))
COARSE = frozenset(("network_v8",))
BASE = rb"\x0f\x00\x01...."
OWN = BASE + rb".*\x00[^\x00]*\x00"


@pytest.mark.parametrize(
    ("text", "permissions", "words"),
    [
        ("unix,", EVERY, (None, None, None, None)),
        ("unix create type=stream,", 0x10, ("stream", None, None, None)),
        ("unix (bind listen) type=(none) addr=none,", 0x600000, ("none", "none", None, None)),
        ('unix addr="@a b",', EVERY, (None, "@a b", None, None)),
        ("unix peer=(label=x,addr=@y*),", EVERY, (None, None, "@y*", "x")),
        ("unix peer=(\n addr = auto\n),", EVERY, (None, None, "auto", None)),
        ("unix rw peer=(),", 0x6, (None, None, None, None)),
    ],
)
def test_what_is_read(read: Any, text: str, permissions: int, words: tuple[str | None, ...]) -> None:
    rule = read(KIND, text)
    found = (rule.type, rule.address, rule.peer_address, rule.peer_label)
    assert (rule.permissions, tuple(word and str(word) for word in found)) == (permissions, words)


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("unix stream,", "DA240", "`stream` does not belong here"),
        ("unix (conect),", "DA241", "unknown permission `conect`"),
        ("unix type=streem,", "DA242", "unknown socket type `streem`"),
        ("unix adr=@a,", "DA243", "unknown condition `adr`"),
        ("unix label=a,", "DA243", "`label=` is about the peer: write `peer=(label=…)`"),
        ("unix protocol=1,", "DA243", "`protocol=` is not supported: unix sockets have none"),
        ("unix peer=(type=stream),", "DA243", "the type is the socket's own: write it before `peer=`"),
        ("unix type in (stream),", "DA244", "`type` takes `=` in unix rules, not `in`"),
        ("unix addr=@a addr=@b,", "DA245", "`addr=` is said twice"),
        ("unix peer=(addr=@a addr=@b),", "DA245", "`addr=` is said twice"),
        ("unix addr=(@a @b),", "DA246", "`addr=` takes one value"),
        ("unix addr=/run/x,", "DA246", "this is no address of a unix rule"),
        ('unix peer=(label=""),', "DA246", "`label=` has no value"),
        ("unix (bind send) peer=(label=x),", "DA247", "`bind` cannot be said about a peer"),
        ("unix peer=(label=x) type=stream,", "DA240", "`type` does not belong here"),
    ],
)
def test_what_is_refused(refused: Any, text: str, code: str, message: str) -> None:
    diagnostic = refused(KIND, text)
    assert (diagnostic.code, diagnostic.message) == (code, message)


def test_a_path_is_a_file_rule(refused: Any) -> None:
    assert "write a file rule" in refused(KIND, "unix addr=/run/x,").help[1]


@pytest.mark.parametrize(
    "text",
    [
        "unix,",
        "unix create type=stream,",
        "unix (connect, send) type=dgram addr=none peer=(addr=@x, label=/a//b),",
        'unix addr="@a b",',
    ],
)
def test_canonical_text_reads_back(read: Any, read_back: Any, text: str) -> None:
    rule = read(KIND, text)
    assert read_back(KIND, rule) == rule


# -- encoding ---------------------------------------------------------------------------------------------


def encoded(read: Any, scope: Any, text: str, qualifiers: Qualifiers = Qualifiers()) -> dict[bytes, int]:  # noqa: B008
    made = KIND.encode(read(KIND, text, qualifiers), scope)
    return {one.pattern: one.permissions for one in made if isinstance(one, Entry)}


def test_every_part_of_a_bare_rule(read: Any, scope: Any) -> None:
    assert encoded(read, scope(features=FINE), "unix,") == {
        BASE: 0x10,
        BASE + rb"\x00[^\x00]*\x00": 0x20000,
        OWN: 0x3C020,
        OWN + rb"\x02..": 0x40000,
        OWN + rb"\x04..": 0x180000,
        OWN + rb"\x01.*\x00[^\x00]*": 0x10046,
        rb"\x0f\x00\x01..": 0x1FC076,
    }


@pytest.mark.parametrize(
    ("address", "pattern"),
    [
        ("addr=none", rb"\x01"),
        ("addr=@a*", rb"\x00a[^/]*"),
        ("addr=@a**", rb"\x00a.*"),
        ("addr=@//a//b", rb"\x00/a/b"),
        (r"addr=@a\x00b", rb"\x00a\x00b"),
        ("addr=@@{V}", rb"\x00v"),
        ("addr=@{A}", rb"\x00x"),
        ("addr=@{N}", rb"\x01"),
        ("addr=@{B}", rb"\x00(x|y)"),
    ],
)
def test_addresses(read: Any, scope: Any, address: str, pattern: bytes) -> None:
    variables = {"V": "v", "A": "@x", "B": "{@x,@y}", "N": "none"}
    around = scope(features=FINE, variables=variables)
    fine = {one for one in encoded(read, around, f"unix bind {address},") if one != rb"\x0f\x00\x01.."}
    assert fine == {BASE + pattern + rb"\x00[^\x00]*\x00"}


def test_an_address_that_the_kernel_chooses_is_bound_as_the_empty_one(read: Any, scope: Any) -> None:
    found = encoded(read, scope(features=FINE), "unix (bind, accept) addr=auto,")
    digits = b"[0-9a-f]" * 5
    assert found[BASE + rb"\x00[^\x00]*\x00"] == 0x20000
    assert found[BASE + rb"\x00" + digits + rb"\x00[^\x00]*\x00"] == 0x10000


def test_a_variable_without_an_address_in_it(read: Any, scope: Any) -> None:
    with pytest.raises(DiagnosticError) as raised:
        list(KIND.encode(read(KIND, "unix addr=@{V},"), scope(features=FINE, variables={"V": "{@a,b}"})))
    assert raised.value.diagnostics[0].code == "DA246"


def test_a_rule_about_a_peer_means_what_is_asked_about_peers_and_binds_no_address(read: Any, scope: Any) -> None:
    found = encoded(read, scope(features=FINE), "unix peer=(label=x),")
    assert found == {
        BASE + rb"\x00[^\x00]*\x00": 0x20000,
        OWN: 0x10000,
        OWN + rb"\x01.*\x00x": 0x10046,
        rb"\x0f\x00\x01..": 0x1FC076,
    }


def test_older_kernels_get_the_network_rule_and_a_warning(read: Any, scope: Any) -> None:
    warning, entry = KIND.encode(read(KIND, "unix send type=stream peer=(label=x),"), scope(features=COARSE))
    assert isinstance(warning, Dropped)
    assert isinstance(entry, Entry)
    assert warning.diagnostic.code == "DA421"
    assert (entry.pattern, entry.permissions) == (rb"\x0e\x00\x01\x00\x01", 0x2)


def test_older_kernels_get_no_deny(read: Any, scope: Any) -> None:
    rule = read(KIND, "unix send,", Qualifiers(effect="deny"))
    (warning,) = KIND.encode(rule, scope(features=COARSE))
    assert isinstance(warning, Dropped)
    assert warning.diagnostic.code == "DA422"


def test_the_oldest_fine_class(read: Any, scope: Any) -> None:
    found = encoded(read, scope(features=frozenset(("network/af_unix",))), "unix create type=stream,")
    assert found == {rb"\x04\x00\x01\x00\x01..": 0x10}


# -- deciding ---------------------------------------------------------------------------------------------

STREAM = b"\x0f\0\x01\0\x01\0\0"


def decide(confined: Any, table: Any, accepts: dict[bytes, StatePermissions], request: UnixRequest) -> Any:
    assert KIND.decide is not None
    return KIND.decide(confined(policy=table(accepts)), request)


@pytest.mark.parametrize(
    ("request_", "string"),
    [
        (UnixRequest(0x10, "stream"), STREAM),
        (UnixRequest(0x200000, "stream", 0, b"\0a"), STREAM + b"\0a\0\0"),
        (UnixRequest(0x100000, "stream"), STREAM + b"\x01\0\0"),
        (UnixRequest(0x400000, "stream", 0, b"\0a"), STREAM + b"\0a\0\0\x02\0\0"),
        (UnixRequest(0x1000000, "stream"), STREAM + b"\x01\0\0\x04\0\0"),
        (UnixRequest(0x46, "stream", 0, None, b"\0b", "x"), STREAM + b"\x01\0\0\x01\0b\0x"),
        (UnixRequest(0x2, "stream"), STREAM + b"\x01\0\0\x01\x01\0unconfined"),
        # the kernel is to choose the address
        (UnixRequest(0x200000, "stream", 0, b""), STREAM + b"\0\0"),
        # what connects has the other end asked to accept, at the peer's string
        (UnixRequest(0x100006, "stream", 0, b"\0a", None, "x"), STREAM + b"\0a\0\0\x01\x01\0x"),
    ],
)
def test_what_the_kernel_looks_up(confined: Any, table: Any, request_: UnixRequest, string: bytes) -> None:
    granted = {string: StatePermissions(allow=request_.permissions)}
    allowed = decide(confined, table, granted, request_)
    denied = decide(confined, table, {string: StatePermissions()}, request_)
    assert allowed.allowed
    assert (denied.allowed, denied.denied) == (False, request_.permissions)
    assert denied.matches[0].string == string


@pytest.mark.parametrize(
    ("request_", "info"),
    [
        (UnixRequest(0x10, "dgram"), "failed type match"),
        (UnixRequest(0x10, "stream", 7), "failed protocol match"),
        (UnixRequest(0x200000, "stream", 0, b"\0b"), "failed local address match"),
        (UnixRequest(0x2, "stream", 0, b"\0a", b"\0c", "x"), "failed peer address match"),
        (UnixRequest(0x2, "stream", 0, b"\0a", b"\0b", "y"), "failed peer label match"),
        (UnixRequest(0x400000, "stream", 0, b"\0a"), "failed cmd selection match"),
    ],
)
def test_the_part_that_leads_nowhere_is_named(confined: Any, table: Any, request_: UnixRequest, info: str) -> None:
    accepts = {STREAM + b"\0a\0\0\x01\0b\0x": StatePermissions(allow=0x2)}
    assert decide(confined, table, accepts, request_).info == info


def test_without_the_class_family_and_type_decide(confined: Any, table: Any) -> None:
    accepts = {b"\x0e\0\x01\0\x01": StatePermissions(allow=0x2)}
    assert decide(confined, table, accepts, UnixRequest(0x2, "stream", 0, b"\0a", b"\0b", "x")).allowed
    assert not decide(confined, table, accepts, UnixRequest(0x2, "dgram")).allowed


def test_a_socket_with_a_path_is_a_file(confined: Any, table: Any) -> None:
    file = table({b"/run/x": StatePermissions(allow=0x46)})
    profile = confined(policy=table({b"\x0f": StatePermissions()}), file=file)
    assert KIND.decide is not None
    assert KIND.decide(profile, UnixRequest(0x46, "stream", 0, None, b"/run/x", "y")).allowed
    denied = KIND.decide(profile, UnixRequest(0x46, "stream", 0, None, b"/run/z", "y"))
    assert (denied.allowed, denied.matches[0].table) == (False, "file")
    assert KIND.decide(profile, UnixRequest(0x200000, "stream", 0, b"/run/z")).allowed  # mknod has been asked


def test_every_part_of_a_stacked_peer_must_be_allowed(confined: Any, table: Any) -> None:
    own = STREAM + b"\x01\0\0\x01\x01\0"
    accepts = {own + b"a": StatePermissions(allow=2), own + b"b": StatePermissions()}
    assert decide(confined, table, accepts, UnixRequest(2, "stream", peer="a")).allowed
    assert not decide(confined, table, accepts, UnixRequest(2, "stream", peer="a//&b")).allowed
    assert decide(confined, table, accepts, UnixRequest(2, "stream", peer="a//&:ns:b")).allowed


def test_records_and_the_way_back(confined: Any, table: Any) -> None:
    request = UnixRequest(0x46, "stream", 0, None, b"\0x", "y")
    decision = decide(confined, table, {b"\x0f": StatePermissions()}, request)
    assert KIND.record is not None
    assert KIND.request is not None
    made = KIND.record(request, decision)
    assert made.operation == "connect"
    assert made.pairs[3:] == (
        ("requested_mask", "send receive connect"),
        ("denied_mask", "send receive connect"),
        ("addr", Bare("none")),
        ("peer_addr", Bare('"@x"')),
        ("peer", "y"),
    )
    fields = {key: str(value) for key, value in made.pairs} | {"addr": "none", "peer_addr": "@x"}
    assert KIND.request(Event("DENIED", "connect", "p", fields=fields)) == request


@pytest.mark.parametrize(
    ("request_", "operation"),
    [
        (UnixRequest(0x100006, "stream", 0, b"\0a", None, "x"), "connect"),
        (UnixRequest(0x100000, "stream", 0, b"\0a"), "accept"),
        (UnixRequest(0x4, "dgram", 0, b"\0a", None, "x"), "sendmsg"),
        (UnixRequest(0x2, "dgram", 0, None, b"\0a", "x"), "sendmsg"),
    ],
)
def test_a_record_names_the_call_that_was_made(
    confined: Any, table: Any, request_: UnixRequest, operation: str
) -> None:
    assert KIND.record is not None
    made = KIND.record(request_, decide(confined, table, {b"\x0f": StatePermissions()}, request_))
    assert (made.operation, made.mediation) == (operation, "net")


def test_a_record_about_a_socket_with_a_path_is_a_files(confined: Any, table: Any) -> None:
    assert KIND.decide is not None
    assert KIND.record is not None
    profile = confined(policy=table({b"\x0f": StatePermissions()}), file=table({b"/": StatePermissions()}))
    request = UnixRequest(0x46, "stream", 0, None, b"/run/x", "y")
    made = KIND.record(request, KIND.decide(profile, request))
    assert (made.operation, made.mediation, made.name) == ("connect", "file", b"/run/x")
    assert made.pairs == (("requested_mask", "wr"), ("denied_mask", "wr"), ("fsuid", 0), ("ouid", 0))


def test_a_record_says_nothing_of_addresses_where_the_type_decides(confined: Any, table: Any) -> None:
    assert KIND.record is not None
    request = UnixRequest(0x2, "dgram", 0, b"\0a", b"\0b", "x")
    made = KIND.record(request, decide(confined, table, {b"\x0e": StatePermissions()}, request))
    assert [key for key, _ in made.pairs] == ["family", "sock_type", "protocol", "requested_mask", "denied_mask"]
