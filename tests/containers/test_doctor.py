"""The doctor: each finding from a host that has it, and none from a sound one."""

import gzip
import json
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
    assert "1 profiles are loaded: 1 enforce" in said
    assert any("lockdown,capability,landlock,yama,apparmor,bpf" in what for what in said)


SPOILT: list[tuple[str, Callable[[Any], object]]] = [
    ("DA910", lambda host: (host.sys / "module/apparmor").rename(host.sys / "module/other")),
    ("DA911", lambda host: (host.parameters / "enabled").write_text("N\n")),
    ("DA912", lambda host: host.mount("")),
    ("DA914", lambda host: (host.securityfs / "lsm").write_text("capability,selinux")),
    ("DA913", lambda host: [(host.root / "profiles").unlink(), (host.root / "profiles").symlink_to("profiles")]),
    ("DA915", lambda host: (host.parameters / "lock_policy").write_text("Y\n")),
    ("DA916", lambda host: (host.parameters / "mode").write_text("complain\n")),
    ("DA917", lambda host: (host.parameters / "audit").write_text("quiet\n")),
    ("DA919", lambda host: (host.root / "features/namespaces/mask").write_text("\n")),
    ("DA920", lambda host: (host.root / "profiles").write_text("")),
    ("DA921", lambda host: (host.root / "profiles").write_text("other (enforce)\n")),
    ("DA922", lambda host: (host.proc / "sys/kernel/apparmor_restrict_unprivileged_userns").write_text("1\n")),
    ("DA923", lambda host: (host.proc / "sys/kernel/unprivileged_userns_clone").write_text("0\n")),
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


@pytest.mark.parametrize(
    "release, text, expected",
    [
        (RELEASE, b"nothing", ["DA918"]),
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


def test_this_very_host_can_be_looked_at(capsys: Any) -> None:
    assert main(["doctor", "--docker", "/nonexistent"]) in (0, 1)
    assert capsys.readouterr().out
    assert callable(verb.run)
