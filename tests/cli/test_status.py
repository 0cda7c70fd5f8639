"""status: what is loaded, whom it confines, and whether it is what the files say."""

import json
from pathlib import Path
from typing import Any

import pytest

from dockarmor import data
from dockarmor.cli import kernel as chosen
from dockarmor.cli.main import main
from dockarmor.kernel.host.kernel import Host

HASH = "ab" * 32


@pytest.fixture
def host(faked_host: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`--kernel host` is the faked one."""
    found = Host(str(faked_host.securityfs), str(faked_host.proc), str(faked_host.sys))
    monkeypatch.setattr(chosen, "host_if_here", lambda: found)
    faked_host.profile("web", sha256=HASH, attach="/usr/bin/web", children=("helper",))
    faked_host.profile("caf\xc3\xa9\x1b[31m", "user")
    faked_host.task(7, "web//helper (enforce)", "/gone/helper")
    faked_host.task(8, "web//&caf\xc3\xa9\x1b[31m (mixed)", "/gone/web")
    return faked_host


def test_the_text_has_the_shape_of_aa_status(host: Any, capsys: Any) -> None:
    assert main(["status"]) == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[:5] == [
        "apparmor module is loaded.",
        "3 profiles are loaded.",
        "2 profiles are in enforce mode.",
        "   web",
        "   web//helper",
    ]
    assert "0 processes are unconfined but have a profile defined." in lines
    assert lines[-1].startswith("   /gone/web (8) web//&café")
    assert "\x1b" not in printed.out
    assert printed.err == ""


def test_what_runs_unconfined_though_a_profile_has_its_name_is_told(host: Any, capsys: Any) -> None:
    host.profile("/gone/daemon", "complain")
    host.task(9, "unconfined", "/gone/daemon")
    host.task(10, "unconfined", "/gone/other")
    assert main(["status"]) == 0
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("1 processes are unconfined but have a profile defined.")
    assert lines[at + 1 : at + 3] == ["   /gone/daemon (9) unconfined", "1 processes are in mixed mode."]
    assert main(["status", "--output", "json"]) == 0
    (item,) = json.loads(capsys.readouterr().out)["items"]
    free = {"pid": 9, "label": "unconfined", "mode": "unconfined", "executable": "/gone/daemon"}
    assert [one for one in item["processes"] if one["mode"] == "unconfined"] == [free]


def test_long_has_a_line_for_each_profile(host: Any, capsys: Any) -> None:
    assert main(["status", "--kernel", "host", "--long"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["profile", "mode", "tasks", "hash", "attachment"]
    assert rows[2] == ["web", "enforce", "1", HASH[:12], "/usr/bin/web"]
    assert rows[3] == ["web//helper", "enforce", "1", "-", "-"]


def test_one_long_name_does_not_widen_the_table(host: Any, capsys: Any) -> None:
    host.profile("x" * 200)
    assert main(["status", "--long"]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.index("mode") == 62
    assert rows[-1].split() == ["x" * 200, "enforce", "0", "-", "-"]


def test_data_is_as_the_schema_says(host: Any, capsys: Any, tmp_path: Path) -> None:
    schema = json.loads((Path(data.__file__).parent / "schemas" / "status@1.json").read_text())
    (tmp_path / "web").write_text("profile web { /a r, }\nprofile absent { }\n")
    arguments = ["--output", "json", "--against", str(tmp_path / "web"), "--no-cache"]
    assert main(["status", *arguments]) == 1
    envelope = json.loads(capsys.readouterr().out)
    assert envelope["schema"] == schema["$id"]
    (item,) = envelope["items"]
    assert set(item) == set(schema["required"]) == set(schema["properties"])
    kinds = schema["$defs"]
    for profile in item["profiles"]:
        assert set(kinds["profile"]["required"]) <= set(profile) <= set(kinds["profile"]["properties"])
        assert profile["mode"] in kinds["mode"]["enum"]
        assert profile["drift"]["state"] in kinds["profile"]["properties"]["drift"]["properties"]["state"]["enum"]
    for process in item["processes"]:
        assert set(process) == set(kinds["process"]["required"])
    assert item["profiles"][0]["tasks"] == [8]
    assert item["profiles"][2]["name"] == "café\x1b[31m"
    assert item["not_loaded"] == ["absent"]
    assert item["not_compared"] == []


def test_drift_is_told_and_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("DOCKARMOR_STATE", str(tmp_path / "state"))
    policy = tmp_path / "policy"
    policy.write_text("profile a { /a r, }\nprofile b { /b r, }\n")
    common = ["--kernel", "embedded", "--no-cache"]
    assert main(["load", *common, str(policy)]) == 0
    assert main(["status", *common, "--against", str(policy)]) == 0
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()[1:]] == ["same", "same"]
    policy.write_text("profile a { /a rw, }\nprofile b { /b r, }\nprofile c { }\n")
    assert main(["status", *common, "--against", str(policy)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "differs  loaded / file: a: file b'/a'" in lines[1]
    assert lines[2].endswith("same")
    assert lines[3] == "not loaded: c"


def test_files_with_mistakes_are_told_and_the_others_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Of two files with a profile of one name, whichever were compared, the other might be the one that is loaded."""
    monkeypatch.setenv("DOCKARMOR_STATE", str(tmp_path / "state"))
    folder = tmp_path / "policy"
    folder.mkdir()
    for name in "abcd":
        (folder / name).write_text(f"profile {name} {{ /{name} r, }}\n")
    common = ["--kernel", "embedded", "--no-cache"]
    assert main(["load", *common, str(folder)]) == 0
    (folder / "a-too").write_text("profile a { /a rw, }\n")
    (folder / "b").write_text("profile b { nonsense, }\n")
    (folder / "c").write_text("profile c { /c rw, }\n")
    against = ["status", *common, "--against", str(folder)]
    capsys.readouterr()
    assert main(against) == 1
    printed = capsys.readouterr()
    assert printed.err.count("error[DA029]: there are two profiles `a`") == 1
    assert "error[DA200]: there is no rule `nonsense`" in printed.err
    header, *lines = printed.out.splitlines()
    at = header.index("against")
    assert [line[at:].split("  ")[0] for line in lines[:4]] == ["unknown", "unknown", "differs", "same"]
    assert lines[0][at:] == f"unknown  {folder}/a, which brings it, is not compared"
    assert lines[4:] == [f"not compared: {folder}/{name}" for name in ("a", "a-too", "b")]
    (folder / "c").write_text("profile c { /c r, }\n")
    assert main([*against, "--output", "json"]) == 1
    (item,) = json.loads(capsys.readouterr().out)["items"]
    assert item["not_compared"][2] == {"file": f"{folder}/b", "message": "there is no rule `nonsense`"}
    states = {one["name"]: one["drift"]["state"] for one in item["profiles"]}
    assert states == {"a": "unknown", "b": "unknown", "c": "same", "d": "same"}


def test_what_is_not_loaded_is_not_what_the_files_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("DOCKARMOR_STATE", str(tmp_path / "state"))
    (tmp_path / "a").write_text("profile a { /a r, }\n")
    (tmp_path / "b").write_text("profile b { /a r, }\n")
    common = ["--kernel", "embedded", "--no-cache"]
    assert main(["load", *common, str(tmp_path / "a"), str(tmp_path / "b")]) == 0
    assert main(["status", *common, "--against", str(tmp_path / "a")]) == 0
    assert main(["unload", "--kernel", "embedded", "a"]) == 0
    assert main(["status", *common, "--against", str(tmp_path / "a")]) == 1


def test_a_kernel_that_there_is_not_is_a_mistake_of_the_command_line(capsys: Any) -> None:
    assert main(["status", "--kernel", "nope"]) == 2
    assert "known are auto, host, embedded, lab and lab:NAME" in capsys.readouterr().err
