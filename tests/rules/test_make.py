"""Rules put together by a program: one of every kind, and what text they become."""

import pytest

from dockarmor import make
from dockarmor.policy.read import grammar
from dockarmor.policy.written import write
from dockarmor.rules.registry import ALL
from dockarmor.syntax.structure import parse
from dockarmor.syntax.tree import RuleNode
from dockarmor.text.diagnostic import DiagnosticError
from dockarmor.text.source import Source

RULES = {
    "file,": make.file(),
    "/etc/hosts r,": make.file("/etc/hosts", "r"),
    "deny owner /a rw,": make.deny(make.owner(make.file("/a", "wr"))),
    "audit other /a k,": make.audit(make.other(make.file("/a", "k"))),
    '"/my files/{a,b}" mr,': make.file("/my files/{a,b}", "rm"),
    "safe /bin/sh px -> shell,": make.file("/bin/sh", "px", target="shell", environment="safe"),
    "l subset /a -> /b,": make.file("/a", "l", target="/b", subset=True),
    "deny /a x,": make.deny(make.file("/a", "x")),
    "priority=-5 /a r,": make.priority(make.file("/a", "r"), -5),
    "prompt /a r,": make.prompt(make.file("/a", "r")),
    "link subset /a -> /b,": make.link("/a", "/b", subset=True),
    "change_profile,": make.change_profile(),
    "change_profile unsafe /bin/man -> man,": make.change_profile("man", exec="/bin/man", environment="unsafe"),
    "capability,": make.capability(),
    "capability chown kill,": make.capability("chown", "kill"),
    "set rlimit nofile <= infinity,": make.rlimit("nofile", None),
    "set rlimit cpu <= 3min,": make.rlimit("cpu", 3, "min"),
    "network,": make.network(),
    "network inet stream,": make.network("inet", "stream"),
    "network (send, receive) inet ip=127.0.0.1 port=80 peer=(ip=::1, port=1-9),": make.network(
        "inet",
        permissions="send, receive",
        local=make.endpoint(ip="127.0.0.1", port=80),
        peer=make.endpoint(ip="::1", port=(1, 9)),
    ),
    "unix,": make.unix(),
    "unix connect type=stream addr=@a peer=(addr=@b, label=c),": make.unix(
        "connect", type="stream", address="@a", peer_address="@b", peer_label="c"
    ),
    "mount,": make.mount(),
    "mount fstype=(proc, sysfs) options=(ro, nosuid) none -> /x/,": make.mount(
        "none", "/x/", fstype="proc sysfs", options=("read-only", "nosuid")
    ),
    "mount options in (ro, bind) /a/ -> /b/,": make.mount("/a/", "/b/", optional="ro bind"),
    "remount options=ro /x/,": make.remount("/x/", options="ro"),
    "umount /x/,": make.umount("/x/"),
    "pivot_root oldroot=/n/old/ /n/,": make.pivot_root("/n/", old_root="/n/old/"),
    "signal,": make.signal(),
    "signal receive set=(term, kill) peer=unconfined,": make.signal(
        "receive", signals="term kill term", peer="unconfined"
    ),
    "ptrace (trace, read) peer=@{profile_name},": make.ptrace(("read", "trace"), peer="@{profile_name}"),
    "dbus,": make.dbus(),
    "dbus bus=session name=org.x,": make.dbus(bus="session", name="org.x"),
    "dbus path=/x peer=(name=org.y, label=z),": make.dbus(path="/x", peer_name="org.y", peer_label="z"),
    "userns create,": make.userns(),
    "io_uring sqpoll,": make.io_uring("sqpoll"),
    "io_uring label=x,": make.io_uring(label="x"),
    "mqueue (read, create) type=posix /q,": make.message_queue("create read", "/q", type="posix"),
    "all,": make.all_rules(),
}


@pytest.mark.parametrize("text", RULES)
def test_a_made_rule_is_written_and_reads_back_as_itself(text: str) -> None:
    rule = RULES[text]
    assert write(rule) == text
    parsed = parse(Source("p", write(rule)), grammar())
    assert parsed.diagnostics == ()
    assert parsed.file.body == (RuleNode(rule, parsed.file.body[0].span),)


def test_every_kind_can_be_made() -> None:
    made = {type(rule) for rule in RULES.values()}
    assert [kind.name for kind in ALL if not made.intersection(kind.rules)] == []


@pytest.mark.parametrize(
    "permissions, names",
    [
        (lambda: make.signal("recieve"), "send, receive"),
        (lambda: make.ptrace("kill"), "trace, read, tracedby, readby"),
        (lambda: make.io_uring("x"), "sqpoll, override_creds"),
    ],
)
def test_an_unknown_permission_is_refused_with_those_that_there_are(permissions, names: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DiagnosticError) as caught:
        permissions()
    (found,) = caught.value.diagnostics
    assert found.code == "DA091"
    assert sorted(found.help[0].removeprefix("there are ").split(", ")) == sorted(names.split(", "))


def test_a_wrong_permission_word_is_what_it_is_in_text() -> None:
    with pytest.raises(DiagnosticError) as caught:
        make.file("/a", "rwz")
    assert caught.value.diagnostics[0].code == "DA203"
