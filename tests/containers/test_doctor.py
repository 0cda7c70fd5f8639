"""The doctor: each finding from a host that has it, and none from a sound one."""

import gzip
import json
import shutil
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dockarmor import data
from dockarmor.cli import doctor as verb
from dockarmor.cli.main import main
from dockarmor.containers.doctor import examine
from dockarmor.containers.engine import Engine, EngineError, ask_engine
from dockarmor.containers.host_facts import HostFacts, look
from dockarmor.value import replace

RELEASE = "6.12.118+deb13-amd64"
MEDIATED = ("network_v9", "mount", "signal", "ptrace", "io_uring", "network_v8")


@pytest.fixture
def sound(faked_host: Any, tmp_path: Path) -> Callable[[], HostFacts]:
    """A host on which all is well but what a test spoils."""
    root = tmp_path / "root"
    (root / "sbin").mkdir(parents=True)
    (root / "sbin/apparmor_parser").write_text("")
    notes = root / f"usr/share/doc/linux-image-{RELEASE}"
    notes.mkdir(parents=True)
    (notes / "changelog.Debian.gz").write_bytes(gzip.compress(b"  * apparmor: fix (CVE-2026-23268)\n"))
    (faked_host.proc / "sys/kernel").mkdir(parents=True)
    (faked_host.proc / "sys/kernel/osrelease").write_text(RELEASE + "\n")
    (faked_host.securityfs / "lsm").write_text("lockdown,capability,landlock,yama,apparmor,bpf")
    for name in MEDIATED:
        (faked_host.root / "features" / name).mkdir()
        (faked_host.root / "features" / name / "mask").write_text("yes\n")
    (faked_host.root / "features/mount/move_mount").write_text("detached\n")
    (faked_host.root / "features/namespaces").mkdir()
    (faked_host.root / "features/namespaces/mask").write_text("userns_create\n")
    (faked_host.parameters / "mode").write_text("enforce\n")
    (faked_host.parameters / "audit").write_text("normal\n")
    faked_host.profile("docker-default")
    daemon(faked_host, "dockerd", "PATH=/bin\0")
    return lambda: look(str(root), str(faked_host.proc), str(faked_host.sys), str(tmp_path / "no.sock"))


def daemon(host: Any, name: str, environment: str, uid: int = 0, users: str = "0 0 4294967295") -> None:
    place = host.proc / "77"
    place.mkdir(exist_ok=True)
    (place / "comm").write_text(name + "\n")
    (place / "environ").write_text(environment)
    (place / "status").write_text(f"Name:\t{name}\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n")
    (place / "uid_map").write_text(users + "\n")


def engine(version: str = "29.8.0", runc: str = "1.3.4", security: tuple[str, ...] = ("name=apparmor",)) -> Engine:
    return Engine(version, (("Engine", version), ("runc", runc)), security)


def codes(facts: HostFacts) -> list[str]:
    return [one.code for one in examine(facts) if one.verdict != "ok"]


def test_a_sound_host_has_no_findings(sound: Callable[[], HostFacts]) -> None:
    facts = sound()
    assert codes(replace(facts, engine=engine())) == []
    said = [one.what for one in examine(facts)]
    assert "1 profile is loaded: 1 enforce" in said
    assert any("lockdown,capability,landlock,yama,apparmor,bpf" in what for what in said)


def moved(host: Any) -> Path:
    """The securityfs at another place than where engines look."""
    place = Path(host.sys.parent / "elsewhere")
    host.securityfs.rename(place)
    return place


def user(host: Any) -> Path:
    (host.proc / "sys/user").mkdir()
    return Path(host.proc / "sys/user/max_user_namespaces")


SPOILT: list[tuple[str, Callable[[Any], object]]] = [
    ("DA910", lambda host: (host.sys / "module/apparmor").rename(host.sys / "module/other")),
    ("DA911", lambda host: (host.parameters / "enabled").write_text("N\n")),
    ("DA912", lambda host: host.mount("")),
    ("DA914", lambda host: (host.securityfs / "lsm").write_text("capability,selinux")),
    ("DA913", lambda host: [(host.root / "profiles").unlink(), (host.root / "profiles").symlink_to("profiles")]),
    ("DA912", lambda host: [host.mount(str(moved(host)))]),
    ("DA915", lambda host: (host.parameters / "lock_policy").write_text("Y\n")),
    ("DA916", lambda host: (host.parameters / "mode").write_text("complain\n")),
    ("DA917", lambda host: (host.parameters / "audit").write_text("quiet\n")),
    ("DA919", lambda host: (host.root / "features/namespaces/mask").write_text("\n")),
    ("DA920", lambda host: (host.root / "profiles").write_text("")),
    ("DA921", lambda host: (host.root / "profiles").write_text("other (enforce)\n")),
    ("DA922", lambda host: (host.proc / "sys/kernel/apparmor_restrict_unprivileged_userns").write_text("1\n")),
    ("DA923", lambda host: (host.proc / "sys/kernel/unprivileged_userns_clone").write_text("0\n")),
    ("DA923", lambda host: user(host).write_text("0\n")),
    ("DA924", lambda host: (host.root / "features/mount/move_mount").unlink()),
    ("DA930", lambda host: (host.sys.parent.parent / "root/sbin/apparmor_parser").unlink()),
    ("DA931", lambda host: daemon(host, "dockerd", "PATH=/bin\0container=lxc\0")),
    ("DA932", lambda host: daemon(host, "dockerd", "", uid=1000)),
    ("DA932", lambda host: daemon(host, "dockerd", "", users="0 1000 1")),
]


@pytest.mark.parametrize("code, spoil", SPOILT)
def test_what_is_wrong_is_found_and_nothing_else(
    sound: Callable[[], HostFacts], faked_host: Any, code: str, spoil: Callable[[Any], object]
) -> None:
    spoil(faked_host)
    found = [one for one in examine(sound()) if one.verdict != "ok"]
    assert [one.code for one in found] == [code]
    assert found[0].do


UNSEEN: list[tuple[str, Callable[[Any], object]]] = [
    ("DA910", lambda host: shutil.rmtree(host.sys / "module")),
    ("DA912", lambda host: (host.proc / "mounts").unlink()),
    ("DA913", lambda host: unreadable(host.parameters / "mode")),
    ("DA918", lambda host: (host.proc / "sys/kernel/osrelease").unlink()),
    ("DA919", lambda host: shutil.rmtree(host.root / "features")),
    ("DA931", lambda host: (host.proc / "77/environ").unlink()),
    ("DA932", lambda host: (host.proc / "77/status").unlink()),
]


def unreadable(path: Path) -> None:
    """As for one who may not: root may, so the name leads to itself."""
    path.unlink()
    path.symlink_to(path.name)


@pytest.mark.parametrize("code, hide", UNSEEN)
def test_what_cannot_be_seen_is_not_claimed(
    sound: Callable[[], HostFacts], faked_host: Any, code: str, hide: Callable[[Any], object]
) -> None:
    hide(faked_host)
    found = [one for one in examine(sound()) if one.verdict != "ok"]
    assert [(one.verdict, one.code) for one in found] == [("unknown", code)]


#: what Debian's 6.12 had after a boot with each of these words on its command line
OFF = [
    ("apparmor=0", "capability,landlock,yama,selinux,ima", "has `apparmor=0`", "take it off, and boot again"),
    (
        "lsm=landlock,yama,selinux,apparmor",
        "capability,landlock,yama,selinux,ima",
        "takes one of selinux and AppArmor: the first",
        "put `lsm=landlock,yama,apparmor` there instead, and boot again",
    ),
    (
        "lsm=landlock,yama",
        "capability,landlock,yama,ima",
        "has `lsm=landlock,yama`",
        "put `lsm=landlock,yama,apparmor` there instead, and boot again",
    ),
    ("security=selinux", "capability,selinux", "has `security=selinux`", "put `security=apparmor` there instead"),
    ("quiet", "capability,yama,selinux,bpf,ima", "built so", "put `lsm=yama,apparmor,bpf` on the kernel's command"),
]


@pytest.mark.parametrize("words, active, why, do", OFF)
def test_what_keeps_apparmor_from_starting_is_read_from_the_command_line(
    sound: Callable[[], HostFacts], faked_host: Any, words: str, active: str, why: str, do: str
) -> None:
    (faked_host.proc / "cmdline").write_text(f"root=/dev/vda ro {words}\n")
    (faked_host.securityfs / "lsm").write_text(active)
    (faked_host.parameters / "enabled").write_text("N\n")
    (found,) = examine(sound())
    assert (found.verdict, found.code) == ("problem", "DA914")
    assert why in found.what
    assert found.do.startswith(do)
    (faked_host.securityfs / "lsm").unlink()
    assert codes(sound()) == ["DA911"]


def test_machines_whose_kernel_nobody_chooses_are_known(sound: Callable[[], HostFacts]) -> None:
    facts = sound()
    without = replace(facts, support=replace(facts.support, module=False), release="6.6.87-microsoft-standard-WSL2")
    (found,) = examine(without)
    assert "WSL nor Docker Desktop" in found.do


def test_a_host_without_engine_and_parser_is_told_so_but_has_no_problem(
    sound: Callable[[], HostFacts], tmp_path: Path
) -> None:
    (tmp_path / "root/sbin/apparmor_parser").unlink()
    found = [one for one in examine(replace(sound(), daemons=())) if one.verdict != "ok"]
    assert [(one.verdict, one.code) for one in found] == [("note", "DA930")]


def test_podman_is_not_judged_as_docker_is(sound: Callable[[], HostFacts], faked_host: Any) -> None:
    """Its version is its own, it searches the parser everywhere and asks no variable; runc is runc there, too."""
    daemon(faked_host, "podman", "container=x\0")
    runc = ("OCI Runtime (runc)", "runc version 1.1.12\ncommit: x\nspec: 1.0.2")
    told = Engine("5.4.2", (("Podman Engine", "5.4.2"), runc), ("name=apparmor",))
    assert codes(replace(sound(), engine=told)) == ["DA936"]
    assert codes(replace(sound(), engine=Engine("17.05", (), ("name=apparmor",)), fixed=True))[0] == "DA933"


def test_a_part_of_a_name_is_no_profile(sound: Callable[[], HostFacts], faked_host: Any) -> None:
    (faked_host.root / "profiles").write_text("")
    faked_host.profile("x\ndocker-default")
    assert codes(sound()) == ["DA921"]


def test_a_rootless_dockerd_owes_no_docker_default(sound: Callable[[], HostFacts], faked_host: Any) -> None:
    (faked_host.root / "profiles").write_text("other (enforce)\n")
    daemon(faked_host, "dockerd", "", uid=1000)
    assert codes(sound()) == ["DA932"]


@pytest.mark.parametrize(
    "release, text, expected",
    [
        (RELEASE, b"nothing", ["DA918"]),
        (RELEASE, b"CVE-2025-1234", ["DA918"]),
        ("4.10.1", None, []),
        ("7.0.0", None, []),
        ("7.3.0-rc7", None, []),
        ("6.18.1-generic", None, ["DA918"]),
        (RELEASE, b"apparmor: fix unprivileged local user can do privileged policy management", []),
    ],
)
def test_the_holes_of_2026_are_told_by_version_or_by_changelog(
    sound: Callable[[], HostFacts],
    faked_host: Any,
    tmp_path: Path,
    release: str,
    text: bytes | None,
    expected: list[str],
) -> None:
    (faked_host.proc / "sys/kernel/osrelease").write_text(release + "\n")
    if text is not None:
        place = tmp_path / f"root/usr/share/doc/linux-image-{release}/changelog.Debian.gz"
        place.write_bytes(gzip.compress(text))
    assert codes(sound()) == expected


def test_only_a_changelog_that_tells_of_fixes_says_that_one_lacks(
    sound: Callable[[], HostFacts], tmp_path: Path
) -> None:
    """Ubuntu's signed images name the version that was signed, and no more; the changes stand with the modules."""
    docs = tmp_path / "root/usr/share/doc"
    signed = docs / f"linux-image-{RELEASE}/changelog.Debian.gz"
    signed.write_bytes(gzip.compress(b"  * Master version: 6.12.0-9.9\n"))
    assert sound().fixed is None
    signed.write_bytes(gzip.compress(b"  * something else (CVE-2025-1234)\n"))
    assert sound().fixed is False
    (docs / f"linux-modules-{RELEASE}").mkdir()
    (docs / f"linux-modules-{RELEASE}/changelog.Debian.gz").write_bytes(gzip.compress(b"  - CVE-2026-23268\n"))
    assert sound().fixed is True


def test_a_changelog_cut_short_proves_nothing(sound: Callable[[], HostFacts], tmp_path: Path) -> None:
    place = tmp_path / f"root/usr/share/doc/linux-image-{RELEASE}/changelog.Debian.gz"
    place.write_bytes(place.read_bytes()[:-12])
    assert codes(sound()) == ["DA918"]


@pytest.mark.parametrize(
    "told, expected",
    [
        (engine("29.3.0"), ["DA933", "DA934", "DA937"]),
        (engine("29.4.2"), ["DA934", "DA937"]),
        (engine("26.1.2"), ["DA933", "DA934", "DA935", "DA937"]),
        (engine("20.10.27+dfsg1"), ["DA933", "DA934", "DA935", "DA937"]),
        (engine(runc="1.2.7"), ["DA936"]),
        (engine(runc="1.2.8"), []),
        (engine(runc="1.3.0"), ["DA936"]),
        (engine(security=("name=seccomp,profile=builtin",)), ["DA938"]),
        (engine("dev"), []),
    ],
)
def test_engines_are_judged_by_their_versions(
    sound: Callable[[], HostFacts], told: Engine, expected: list[str]
) -> None:
    assert codes(replace(sound(), engine=told)) == expected


def test_an_engine_that_does_not_answer_is_unknown(sound: Callable[[], HostFacts]) -> None:
    assert codes(replace(sound(), trouble="/run/docker.sock: Permission denied")) == ["DA939"]


@pytest.fixture
def answering(tmp_path: Path) -> Callable[[bytes], str]:
    """A socket that gives the same answer to every question."""

    def serve(answer: bytes) -> str:
        path = str(tmp_path / "engine.sock")
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(path)
        listening.listen()
        listening.settimeout(10)

        def run() -> None:
            with listening:
                for _ in range(2):
                    try:
                        channel, _ = listening.accept()
                    except TimeoutError:
                        return
                    with channel:
                        channel.recv(4096)
                        channel.sendall(answer)

        threading.Thread(target=run, daemon=True).start()
        return path

    return serve


def test_an_engine_is_asked_over_its_socket(answering: Callable[[bytes], str]) -> None:
    body = {
        "Version": "29.8.0",
        "Components": [{"Name": "runc", "Version": "1.3.4"}, {"Name": 7}, "odd"],
        "SecurityOptions": ["name=apparmor", "name=seccomp,profile=builtin", 7],
    }
    path = answering(b"HTTP/1.0 200 OK\r\nServer: x\r\n\r\n" + json.dumps(body).encode())
    found = ask_engine(path)
    assert (found.version, found.component("runc"), found.uses_apparmor) == ("29.8.0", "1.3.4", True)


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.0 500 no\r\n\r\n{}", b"HTTP/1.0 200 OK\r\n\r\n[1]", b"HTTP/1.0 200 OK\r\n\r\n" + b"[" * 100_000],
)
def test_an_odd_answer_is_none(answering: Callable[[bytes], str], answer: bytes) -> None:
    with pytest.raises(EngineError, match="something else"):
        ask_engine(answering(answer))


def test_without_an_engine_there_is_a_reason() -> None:
    with pytest.raises(EngineError, match="No such file"):
        ask_engine("/nonexistent")


def test_findings_are_printed_with_what_to_do(
    sound: Callable[[], HostFacts], faked_host: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    (faked_host.parameters / "mode").write_text("complain\n")
    monkeypatch.setattr("dockarmor.containers.host_facts.look", lambda docker: sound())
    assert main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    at = next(number for number, line in enumerate(lines) if "[DA916]" in line)
    assert lines[at].startswith("problem  the whole of AppArmor runs in complain mode")
    assert lines[at + 1].startswith("         -> `echo enforce")
    schema = json.loads((Path(data.__file__).parent / "schemas/doctor@1.json").read_text())
    assert main(["doctor", "--output", "jsonl"]) == 1
    for line in capsys.readouterr().out.splitlines():
        item = json.loads(line)
        assert item.pop("schema") == schema["$id"]
        assert set(item) == set(schema["required"])
        assert item["verdict"] in schema["properties"]["verdict"]["enum"]


def test_modes_have_the_names_that_profiles_give_them(sound: Callable[[], HostFacts], faked_host: Any) -> None:
    faked_host.profile("asks", "user")
    assert "2 profiles are loaded: 1 enforce, 1 prompt" in [one.what for one in examine(sound())]


def test_a_feature_set_that_parser_conf_names_must_be_there(sound: Callable[[], HostFacts], tmp_path: Path) -> None:
    config = tmp_path / "root/etc/apparmor/parser.conf"
    config.parent.mkdir(parents=True)
    config.write_text("# as Debian has it\npolicy-features=/usr/share/apparmor-features/features\n")
    (found,) = [one for one in examine(sound()) if one.verdict != "ok"]
    assert (found.verdict, found.code) == ("problem", "DA925")
    assert "policy-features=/usr/share/apparmor-features/features, which is not there" in found.what
    features = tmp_path / "root/usr/share/apparmor-features/features"
    features.parent.mkdir(parents=True)
    features.write_text("")
    assert codes(sound()) == []


def test_this_very_host_can_be_looked_at(capsys: Any) -> None:
    assert main(["doctor", "--docker", "/nonexistent"]) in (0, 1)
    assert capsys.readouterr().out
    assert callable(verb.run)
