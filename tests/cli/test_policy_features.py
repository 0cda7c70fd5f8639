"""What a host's parser.conf pins: policy is loaded and compared as the distribution means it."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dockarmor.cli import kernel as chosen
from dockarmor.cli import places, policy_features
from dockarmor.cli.faces.aa_mode import change
from dockarmor.cli.faces.places import Places
from dockarmor.cli.main import main
from dockarmor.cli.policy_features import is_pinned, pin
from dockarmor.compile.reader import read_blob
from dockarmor.kernel.embedded.digest import profile_hashes
from dockarmor.kernel.host.kernel import Host
from dockarmor.policy.features import builtin
from dockarmor.text.diagnostic import DiagnosticError

KERNEL, PINNED = "kernel-6.17", "kernel-6.1"
#: a profile of each says the same; 6.1 has neither user namespaces nor io_uring
RULES = "{ file, userns, io_uring, unix, network, mqueue, signal peer=x, }"


class Place:
    """A host of files: its policy folder, its parser.conf, its securityfs."""

    def __init__(self, folder: Path, faked_host: Any) -> None:
        self.folder, self.host = folder / "apparmor.d", faked_host
        self.config, self.pinned = folder / "parser.conf", folder / "pinned"
        self.folder.mkdir()
        self.pinned.write_text(builtin(PINNED).text())
        (folder / "kernel").write_text(builtin(KERNEL).text())
        self.config.write_text(f"# as Debian has it\npolicy-features={self.pinned}\n")
        _write_tree(faked_host.root / "features", chosen.tree(builtin(KERNEL)))
        for name, rule in {"plain": "", "kernel": "abi <kernel>,\n", "own": f'abi "{self.pinned}",\n'}.items():
            (self.folder / name).write_text(f"{rule}profile {name} {RULES}\n")

    def loaded(self, blob: bytes) -> None:
        """The kernel has this."""
        (one,) = read_blob(blob).profiles
        folder = self.host.profile(one.name, sha256=profile_hashes(blob, "sha256")[0])
        (folder / "raw_data").write_bytes(blob)


def _write_tree(folder: Path, tree: Any) -> None:
    folder.mkdir(exist_ok=True)
    for name, value in tree.items():
        if isinstance(value, dict):
            _write_tree(folder / name, value)
        else:
            (folder / name).write_text(value + "\n")


@pytest.fixture
def place(tmp_path: Path, faked_host: Any, monkeypatch: pytest.MonkeyPatch) -> Place:
    found = Place(tmp_path, faked_host)
    host = Host(str(faked_host.securityfs), str(faked_host.proc), str(faked_host.sys))
    monkeypatch.setattr(chosen, "host_if_here", lambda: host)
    monkeypatch.setattr(places, "POLICY", str(found.folder))
    for verb in ("service", "reload"):
        monkeypatch.setattr(f"dockarmor.cli.{verb}.POLICY", str(found.folder))
    monkeypatch.setattr(policy_features, "CONFIG", str(found.config))
    monkeypatch.setenv("DOCKARMOR_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("DOCKARMOR_CACHE", str(tmp_path / "cache"))
    return found


def states(capsys: Any, place: Place, *more: str) -> tuple[int, dict[str, str]]:
    capsys.readouterr()
    status = main(["status", "--against", str(place.folder), "--output", "json", *more])
    (item,) = json.loads(capsys.readouterr().out)["items"]
    return status, {one["name"]: one["drift"]["state"] for one in item["profiles"]}


CONFIGS = [
    "policy-features={}",
    "compile-features {}",
    "features-file={}",
    "override-policy-abi={}",
    "policy-features={other}\npolicy-features   {}",
]


@pytest.mark.parametrize("config", CONFIGS)
def test_what_apparmor_parser_loaded_with_the_hosts_parser_conf_is_what_the_files_say(
    config: str, place: Place, reference_parser: Path, capsys: Any
) -> None:
    own = place.folder.parent / "kernel"
    place.config.write_text(config.format(place.pinned, other=own) + "\n")
    kernel = [] if "features-file" in config else ["--kernel-features", str(own)]
    for name in ("plain", "kernel", "own"):
        command = [reference_parser, f"--config-file={place.config}", *kernel, "-QKSq", place.folder / name]
        place.loaded(subprocess.run(command, capture_output=True, check=True).stdout)
    status, found = states(capsys, place)
    assert (status, set(found.values()) <= {"same", "equivalent"}) == (0, True)
    status, found = states(capsys, place, "--policy-features", "kernel")
    assert (status, found["plain"]) == (1, "differs")


def test_policy_without_an_abi_rule_is_loaded_as_the_host_pins_it(place: Place, capsys: Any) -> None:
    blobs = {}
    for given in ([], ["--policy-features", "kernel"], ["--policy-features", PINNED]):
        for name in ("plain", "kernel", "own"):
            (place.host.root / ".replace").write_bytes(b"")
            assert main(["load", *given, str(place.folder / name)]) == 0
            blobs[name, *given] = (place.host.root / ".replace").read_bytes()
    assert (
        blobs["plain",]
        == blobs["plain", "--policy-features", PINNED]
        != blobs["plain", "--policy-features", "kernel"]
    )
    assert len({blob for (name, *_), blob in blobs.items() if name == "kernel"}) == 1
    assert len({blob for (name, *_), blob in blobs.items() if name == "own"}) == 1


@pytest.mark.parametrize("verb", [["load"], ["reload"], ["service", "start"], ["status", "--against"]])
def test_it_is_said_in_one_line_where_it_matters(verb: list[str], place: Place, capsys: Any) -> None:
    line = (
        f"1 of 3 files have no abi rule: they are compiled for policy-features={place.pinned} of {place.config}, as"
        " apparmor_parser does it; `--policy-features kernel` compiles for all that the kernel can do"
    )
    for _ in ("compiled", "from the cache"):
        main([*verb, str(place.folder)])
        assert capsys.readouterr().err.splitlines().count(line) == 1
    main([*verb, str(place.folder), "--policy-features", "kernel"])
    assert "abi rule" not in capsys.readouterr().err
    (place.folder / "plain").unlink()
    main([*verb, str(place.folder)])
    assert "abi rule" not in capsys.readouterr().err


def test_only_the_hosts_own_policy_for_its_own_kernel_is_pinned(place: Place, tmp_path: Path) -> None:
    assert is_pinned(str(place.folder / "plain"), None)
    (tmp_path / "link").symlink_to(place.folder)
    assert is_pinned(str(tmp_path / "link/plain"), None)
    for other in ("-", "docker-default", str(tmp_path / "mine"), f"{place.folder}-old/x"):
        assert not is_pinned(other, None)
        assert is_pinned(other, "host")
    config = str(place.config)
    assert pin(None, "embedded", config) is None
    assert pin("host", "embedded", config) == pin(None, "host", config) != None  # noqa: E711
    assert pin("kernel", "host", config) is None
    assert pin(None, "host", str(tmp_path / "nothing")) is None
    place.config.write_text("write-cache\n")
    assert pin(None, "host", config) is None


def test_a_pin_that_cannot_be_read_is_an_error_but_not_the_end_of_a_boot(place: Place, capsys: Any) -> None:
    place.pinned.rename(place.folder.parent / "gone")
    (place.folder / "own").unlink()
    with pytest.raises(DiagnosticError, match="cannot be read: No such file"):
        pin(None, "host", str(place.config))
    for verb in (["load"], ["reload"], ["status", "--against"]):
        assert main([*verb, str(place.folder)]) == 2
        said = capsys.readouterr().err
        assert f"error[DA193]: {place.config} pins policy-features={place.pinned}, which cannot be read" in said
        assert "--policy-features kernel" in said
    assert (place.host.root / ".replace").read_bytes() == b""
    assert main(["service", "start"]) == 1
    assert "loaded into host: kernel, plain" in capsys.readouterr().err
    os.unlink(place.config)
    assert main(["service", "start"]) == 0


def test_the_programs_that_we_stand_in_for_heed_it_without_a_word(
    place: Place, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chosen, "host", chosen.host_if_here)
    assert main(["load", str(place.folder / "plain")]) == 0
    loaded = (place.host.root / ".replace").read_bytes()
    (place.host.root / ".replace").write_bytes(b"")
    capsys.readouterr()
    assert change("aa-enforce", [str(place.folder / "plain")], Places(policy=str(place.folder))) == 0
    assert (place.host.root / ".replace").read_bytes() == loaded
    assert capsys.readouterr().err == ""


def test_who_names_a_feature_set_is_not_told_of_it(place: Place, capsys: Any) -> None:
    assert main(["load", str(place.folder / "plain"), "--policy-features", PINNED, "--dry-run"]) == 0
    assert "abi rule" not in capsys.readouterr().err
