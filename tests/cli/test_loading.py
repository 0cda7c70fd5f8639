"""load, reload, unload: on the embedded kernel, which every machine has."""

import os
from pathlib import Path
from typing import Any

import pytest

from dockarmor.cli import kernel as chosen
from dockarmor.cli.main import main
from dockarmor.cli.output import count_words
from dockarmor.kernel.embedded.kernel import Embedded
from dockarmor.kernel.protocol import KernelError, Process

EMBEDDED = ("--kernel", "embedded", "--no-cache")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCKARMOR_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("DOCKARMOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def folder(state: Path) -> Path:
    """Policy as a host keeps it."""
    place = state / "apparmor.d"
    (place / "disable").mkdir(parents=True)
    (place / "force-complain").mkdir()
    for name in ("one", "two", "three"):
        (place / name).write_text(f"profile {name} {{ /x r, profile child {{ /y r, }} }}\n")
    (place / "one.dpkg-old").write_text("nonsense\n")
    return place


def loaded() -> dict[str, str]:
    return {one.name: one.mode for one in chosen.embedded().profiles()}


def test_a_folder_is_loaded_whole(folder: Path, capsys: Any) -> None:
    assert main(["load", *EMBEDDED, str(folder)]) == 0
    assert set(loaded()) == {f"{name}{child}" for name in ("one", "two", "three") for child in ("", "//child")}
    assert "loaded into embedded: one, one//child, three," in capsys.readouterr().err


def test_one_bad_file_keeps_all_from_being_loaded_and_every_error_is_shown(folder: Path, capsys: Any) -> None:
    (folder / "bad").write_text("profile bad { nonsense, }\n")
    (folder / "worse").write_text("profile worse {\n")
    assert main(["load", *EMBEDDED, str(folder)]) == 2
    said = capsys.readouterr().err
    assert "/bad:1:" in said
    assert "/worse:" in said
    assert loaded() == {}


def test_what_stands_in_disable_and_force_complain_is_heeded(folder: Path, capsys: Any) -> None:
    (folder / "disable/one").symlink_to(folder / "one")
    (folder / "force-complain/two").symlink_to(folder / "two")
    assert main(["load", *EMBEDDED, str(folder)]) == 0
    assert loaded() == {"two": "complain", "two//child": "complain", "three": "enforce", "three//child": "enforce"}
    assert "one is left out: it stands in `disable`" in capsys.readouterr().err


def test_mode_and_namespace_of_a_load(folder: Path) -> None:
    assert main(["load", *EMBEDDED, "--complain", "--namespace", "inner", str(folder / "one")]) == 0
    assert loaded() == {":inner:one": "complain", ":inner:one//child": "complain"}


def test_a_namespace_is_bytes_like_every_name(folder: Path) -> None:
    assert main(["load", *EMBEDDED, "--namespace", "\u03bb", str(folder / "one")]) == 0
    assert set(loaded()) == {":\xce\xbb:one", ":\xce\xbb:one//child"}


def test_a_blob_cannot_be_given_another_mode(folder: Path, state: Path, capsys: Any) -> None:
    blob = state / "blob"
    assert main(["build", str(folder / "one"), "-o", str(blob), "--no-cache"]) == 0
    assert main(["load", *EMBEDDED, "--complain", str(blob)]) == 2
    assert "DA601" in capsys.readouterr().err
    assert main(["load", *EMBEDDED, str(blob)]) == 0
    assert set(loaded()) == {"one", "one//child"}


def test_files_of_several_namespaces_are_written_apart(folder: Path) -> None:
    (folder / "four").write_text("profile :a:four { /x r, }\n")
    (folder / "five").write_text("profile :b:five { /x r, }\n")
    assert main(["load", *EMBEDDED, str(folder / "four"), str(folder / "five"), str(folder / "one")]) == 0
    assert set(loaded()) == {":a:four", ":b:five", "one", "one//child"}


def test_one_file_may_hold_several_namespaces(folder: Path) -> None:
    (folder / "six").write_text("profile :a:four { /x r, }\nprofile :b:five { /x r, }\nprofile six { }\n")
    assert main(["load", *EMBEDDED, str(folder / "six")]) == 0
    assert set(loaded()) == {":a:four", ":b:five", "six"}


def test_a_child_without_its_parent_is_refused_before_anything_is_written(folder: Path, capsys: Any) -> None:
    (folder / "orphan").write_text("profile nobody//orphan { /x r, }\n")
    assert main(["load", *EMBEDDED, str(folder)]) == 1
    assert "profile nobody//orphan: a profile in it is the child of one that is not loaded" in capsys.readouterr().err
    assert loaded() == {}
    (folder / "orphan").write_text("profile one//orphan { /x r, }\n")
    assert main(["load", *EMBEDDED, str(folder / "one")]) == 0
    assert main(["load", *EMBEDDED, str(folder / "orphan")]) == 0
    assert "one//orphan" in loaded()


def test_a_name_without_room_in_the_kernels_files_is_refused_before_it_is_written(folder: Path, capsys: Any) -> None:
    (folder / "long").write_text(f"profile {'l' * 254} {{ /x r, }}\n")
    assert main(["load", *EMBEDDED, str(folder)]) == 1
    assert "longer than the kernel takes" in capsys.readouterr().err
    assert loaded() == {}
    (folder / "long").write_text(f"profile /{'l' * 253} {{ /x r, }}\n")
    assert main(["load", *EMBEDDED, str(folder)]) == 0


def test_a_dry_run_loads_nothing(folder: Path, capsys: Any) -> None:
    assert main(["load", *EMBEDDED, "--dry-run", str(folder)]) == 0
    assert loaded() == {}
    assert "would load into embedded" in capsys.readouterr().err


def test_add_refuses_what_is_loaded(folder: Path, capsys: Any) -> None:
    assert main(["load", *EMBEDDED, "--add", str(folder / "one")]) == 0
    assert main(["load", *EMBEDDED, "--add", str(folder / "one"), str(folder / "two")]) == 1
    assert "loaded already: one, one//child; `--add` refuses to replace it" in capsys.readouterr().err
    assert "two" not in loaded()


@pytest.mark.parametrize("name", ["", ":a:", "a//b"])
def test_a_namespace_that_no_load_can_make_is_refused(folder: Path, name: str, capsys: Any) -> None:
    assert main(["load", *EMBEDDED, "--namespace", name, str(folder)]) == 2
    assert "a namespace has a name without colons and slashes" in capsys.readouterr().err


def test_a_profile_that_the_kernel_keeps_does_not_keep_the_others(
    folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["load", *EMBEDDED, str(folder)])
    remove = Embedded.remove

    def picky(self: Embedded, name: str) -> None:
        if name == "one":
            raise KernelError("profile one: no")
        remove(self, name)

    monkeypatch.setattr(Embedded, "remove", picky)
    assert main(["unload", "--kernel", "embedded", "--all"]) == 1
    assert set(loaded()) == {"one", "one//child"}
    assert "the kernel refused: profile one: no\n" in capsys.readouterr().err


def test_profiles_are_unloaded_by_name_or_by_file(folder: Path, state: Path) -> None:
    main(["load", *EMBEDDED, str(folder)])
    main(["build", str(folder / "three"), "-o", str(state / "blob"), "--no-cache"])
    names = ["one", str(folder / "two"), str(state / "blob")]
    assert main(["unload", "--kernel", "embedded", *names]) == 0
    assert loaded() == {}


def test_two_files_that_bring_one_profile_are_told(folder: Path, capsys: Any) -> None:
    (folder / "one-copy").write_text("profile one { /z r, }\n")
    for verb in (["load", "--dry-run"], ["load"]):
        assert main([*verb, *EMBEDDED, str(folder)]) == 2
        said = capsys.readouterr().err
        assert f"there are two profiles `one`: in {folder}/one and in {folder}/one-copy" in said
    assert loaded() == {}
    assert main(["service", "start", *EMBEDDED, str(folder)]) == 0
    assert f"in {folder}/one and in {folder}/one-copy; the last one is loaded" in capsys.readouterr().err


def test_reload_keeps_what_is_loaded_of_files_with_mistakes_and_loads_the_others(
    folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dockarmor.cli.reload.POLICY", str(folder))
    (folder / "four").write_text("profile four { /x r, }\n")
    assert main(["load", *EMBEDDED, str(folder)]) == 0
    before = {one.name: one.hash for one in chosen.embedded().profiles()}
    (folder / "one").write_text("profile one { nonsense, }\n")
    (folder / "two-copy").write_text("profile two { /z r, }\n")
    (folder / "three").write_text("profile three { /z w, }\n")
    (folder / "four").unlink()
    capsys.readouterr()
    for dry in (["--dry-run"], []):
        assert main(["reload", *EMBEDDED, *dry]) == 1
        said = capsys.readouterr().err
        assert "there is no rule `nonsense`" in said
        assert said.count("there are two profiles `two`") == 1
        *_, done, bad = said.splitlines()
        assert done == f"{'would load' if dry else 'loaded'} into embedded: three"
        names = ", ".join(f"{folder}/{name}" for name in ("one", "two", "two-copy"))
        assert bad == f"not loaded: 3 of 4 files, of which the kernel keeps what it had: {names}"
        # Of `one//child` nobody knows while its file has a mistake, so `four` is not named as unknown, either.
        assert "in no file" not in said
    after = {one.name: one.hash for one in chosen.embedded().profiles()}
    assert {name for name in before if after[name] != before[name]} == {"three"}


def test_names_of_files_do_nothing_to_a_terminal(folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "x\x1bc").write_text("profile x\x1bc { /x r, }\n")
    (folder / "y\x1bc").write_text("profile {\n")

    def refuse(self: Embedded, blob: bytes, *, replace: bool = True) -> None:
        raise KernelError("profile x\x1bc: no", 71)

    monkeypatch.setattr(Embedded, "load", refuse)
    assert main(["reload", *EMBEDDED, str(folder)]) == 1
    assert main(["load", *EMBEDDED, str(folder / "x\x1bc")]) == 1
    assert main(["load", *EMBEDDED, str(folder / "z\x1bc")]) == 2
    assert main(["unload", "--kernel", "embedded", "w\x1bc"]) == 1
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err


def test_a_file_that_cannot_be_read_is_one_of_many(folder: Path, capsys: Any) -> None:
    missing = str(folder / "missing")
    assert main(["load", *EMBEDDED, str(folder / "one"), missing]) == 2
    assert f"error[DA102]: cannot read {missing}: No such file or directory" in capsys.readouterr().err
    assert loaded() == {}
    for verb in (["reload"], ["status", "--against"]):
        assert main([*verb, missing, *EMBEDDED]) == 2
        assert capsys.readouterr().err == f"dockarmor: {missing}: No such file or directory\n"
    assert main(["service", "start", *EMBEDDED, str(folder / "one"), missing]) == 1
    assert set(loaded()) == {"one", "one//child"}


def test_a_file_that_is_named_twice_is_loaded_once(folder: Path, capsys: Any) -> None:
    assert main(["load", *EMBEDDED, str(folder / "two"), str(folder / "two")]) == 0
    assert capsys.readouterr().err == "loaded into embedded: two, two//child\n"


def test_what_is_not_loaded_is_told_and_the_others_go(folder: Path, capsys: Any) -> None:
    main(["load", *EMBEDDED, str(folder / "one"), str(folder / "two")])
    for dry in (["--dry-run"], []):
        assert main(["unload", "--kernel", "embedded", *dry, "none", "one", "one//child"]) == 1
        said = capsys.readouterr().err.splitlines()[-2:]
        assert said == ["not loaded: none", f"{'would unload' if dry else 'unloaded'} from embedded: one"]
    assert set(loaded()) == {"two", "two//child"}


def test_whoever_is_named_beside_a_profile_in_use_stays_and_is_told(
    folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["load", *EMBEDDED, str(folder)])
    monkeypatch.setattr(Embedded, "processes", lambda self: [Process(7, "one", "enforce", "/bin/busy")])
    capsys.readouterr()
    assert main(["unload", "--kernel", "embedded", "two", "one"]) == 1
    assert capsys.readouterr().err.splitlines()[:3] == [
        "stays: two: another that was named with it stays",
        "stays: one: running tasks use it",
        "   /bin/busy (7) one",
    ]
    assert "two" in loaded()


def test_many_profiles_that_only_name_a_program_are_one_line(folder: Path, capsys: Any) -> None:
    (folder / "many").write_text("".join(f"profile n{at} flags=(unconfined) {{ }}\n" for at in range(90)))
    assert main(["unload", "--kernel", "embedded", "--all"]) == 0
    assert capsys.readouterr().err == "nothing is loaded that could be unloaded from embedded\n"
    main(["load", *EMBEDDED, str(folder / "many"), str(folder / "one")])
    capsys.readouterr()
    assert main(["unload", "--kernel", "embedded", "--all"]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "stays: 90 profiles: it only gives a program its name, and confines nothing",
        "unloaded from embedded: one",
    ]


def test_names_and_all_exclude_each_other(folder: Path, capsys: Any) -> None:
    assert main(["unload", "--all", "one"]) == 2
    assert capsys.readouterr().err == "dockarmor unload: name profiles or files, or say --all, not both\n"


def test_profiles_of_a_namespace_are_named_with_it(state: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (state / "own").write_text("profile :a:inner { /x r, ^hat { /y r, } }\nprofile outer { /x r, }\n")
    monkeypatch.setattr("dockarmor.cli.reload.POLICY", str(state / "own"))
    assert main(["load", *EMBEDDED, "own"]) == 0
    assert capsys.readouterr().err == "loaded into embedded: outer, :a:inner, :a:inner//hat\n"
    assert main(["reload", *EMBEDDED]) == 0
    assert "in no file" not in capsys.readouterr().err


def test_all_spares_what_confines_nothing(folder: Path, capsys: Any) -> None:
    (folder / "runc").write_text("profile runc flags=(unconfined) { }\n")
    main(["load", *EMBEDDED, str(folder)])
    assert main(["unload", "--kernel", "embedded", "--all", "--dry-run"]) == 0
    assert len(loaded()) == 7
    assert main(["unload", "--kernel", "embedded", "--all"]) == 0
    assert loaded() == {"runc": "unconfined"}
    assert "stays: runc: it only gives a program its name" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--all", "one"]])
def test_unload_wants_names_or_all(state: Path, arguments: list[str]) -> None:
    assert main(["unload", "--kernel", "embedded", *arguments]) == 2


class Busy(Embedded):
    """An embedded kernel in which a task runs."""

    def processes(self) -> list[Process]:
        return [Process(7, "one//child", "enforce", "/bin/busy")]


def test_a_profile_in_use_stays_and_the_task_is_named(
    folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["load", *EMBEDDED, str(folder)])
    idle = chosen.embedded()
    monkeypatch.setattr(chosen, "embedded", lambda: Busy(os.environ["DOCKARMOR_STATE"], idle.features(), ()))
    assert main(["unload", "--kernel", "embedded", "one", "two"]) == 1
    said = capsys.readouterr().err
    assert "stays: one: running tasks use it\n   /bin/busy (7) one//child\n" in said
    assert len(loaded()) == 6
    assert main(["unload", "--kernel", "embedded", "--force", "one"]) == 0
    assert "is unconfined: /bin/busy (7)" in capsys.readouterr().err
    assert "one" not in loaded()


def test_what_is_left_of_a_stack_is_told(folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    main(["load", *EMBEDDED, str(folder)])
    monkeypatch.setattr(Embedded, "processes", lambda self: [Process(7, "one//child//&two", "enforce", "/bin/busy")])
    assert main(["unload", "--kernel", "embedded", "--force", "one"]) == 0
    assert "is confined by two alone: /bin/busy (7)\n" in capsys.readouterr().err


def test_force_is_not_proposed_where_it_changes_nothing(
    folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "docker").write_text("profile docker-default { /x r, }\n")
    main(["load", *EMBEDDED, str(folder)])
    monkeypatch.setattr(Embedded, "processes", lambda self: [Process(7, "docker-default", "enforce", "/bin/busy")])
    assert main(["unload", "--kernel", "embedded", "--all"]) == 1
    assert "--force" not in capsys.readouterr().err
    assert set(loaded()) == {"docker-default"}


def test_reload_says_what_no_file_brings(folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dockarmor.cli.reload.POLICY", str(folder))
    main(["load", *EMBEDDED, str(folder)])
    (folder / "two").unlink()
    (folder / "one").write_text("profile one flags=(complain) { /x r, profile child { /y r, } }\n")
    assert main(["reload", *EMBEDDED]) == 0
    assert loaded()["one"] == "complain"
    assert "loaded, but in no file: two//child, two;" in capsys.readouterr().err


def test_many_names_are_counted() -> None:
    assert count_words(["x"] * 9) == "9 profiles"
