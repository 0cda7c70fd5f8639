"""Where includes are found, in which order, and that nothing on disk can hang or mislead a reader."""

import os
from pathlib import Path

import pytest

from dockarmor.policy.includes import load
from dockarmor.policy.read import library, read_text
from dockarmor.policy.resolve import Resolved
from dockarmor.syntax import MAX_BYTES
from dockarmor.text.diagnostic import DiagnosticError
from dockarmor.text.source import Source

PROFILE = "profile p {{ {} }}\n"


def write(base: Path, **files: str) -> None:
    for name, text in files.items():
        path = base / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def read(base: Path, text: str, *folders: Path) -> Resolved:
    return read_text(Source("t", text), library(str(base), tuple(map(str, folders))))


def paths(resolved: Resolved) -> list[str]:
    assert resolved.diagnostics == ()
    return [placed.rule.path.text for placed in resolved.policy.profiles[0].rules]


def codes(resolved: Resolved) -> list[str]:
    return [found.code for found in resolved.diagnostics]


def test_the_folders_come_first_and_the_base_last(tmp_path: Path) -> None:
    for name in ("one", "two", "base"):
        write(tmp_path, **{f"{name}__x": f"/{name} r,\n"})
    write(tmp_path, base__y="/y r,\n")
    body = PROFILE.format("include <x>\ninclude <y>\n")
    assert paths(read(tmp_path / "base", body, tmp_path / "one", tmp_path / "two")) == ["/one", "/y"]


def test_files_of_a_folder_come_in_reverse_order_without_what_packagers_leave(tmp_path: Path) -> None:
    skipped = (".hidden", "README", "a.dpkg-old", "a.rpmsave", "a~", "a.orig")
    for name in ("10", "20", "30.bak", *skipped):
        (tmp_path / "d").mkdir(exist_ok=True)
        (tmp_path / "d" / name).write_text(f"/{name} r,\n")
    (tmp_path / "d" / "sub").mkdir()
    assert paths(read(tmp_path, PROFILE.format("include <d>"))) == ["/30.bak", "/20", "/10"]


def test_a_scope_reads_a_file_once_and_each_profile_is_a_scope(tmp_path: Path) -> None:
    write(tmp_path, x="/x r,\n", loop="include <loop>\n/l r,\n")
    assert paths(read(tmp_path, PROFILE.format("include <x>\ninclude <x>\ninclude <loop>\n"))) == ["/x", "/l"]
    both = read(tmp_path, "profile a { include <x> }\nprofile b { include <x> }\n").policy.profiles
    assert [len(profile.rules) for profile in both] == [1, 1]


def test_a_rule_keeps_the_includes_by_which_it_came(tmp_path: Path) -> None:
    write(tmp_path, outer="include <inner>\n", inner="/i r,\n")
    placed = read(tmp_path, PROFILE.format("include <outer>")).policy.profiles[0].rules[0]
    assert [span.text for span in placed.includes] == ["include <outer>", "include <inner>"]


def test_only_if_exists_may_be_missing(tmp_path: Path) -> None:
    assert codes(read(tmp_path, PROFILE.format("include if exists <no>"))) == []
    assert codes(read(tmp_path, PROFILE.format("include <no>"))) == ["DA100"]


def test_a_mistake_in_an_included_file_is_told_with_its_way(tmp_path: Path) -> None:
    write(tmp_path, x="/x zz,\n")
    found = read(tmp_path, PROFILE.format("include <x>")).diagnostics
    assert [(one.code, [span.text for span in one.includes]) for one in found] == [("DA203", ["include <x>"])]


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    assert codes(read(tmp_path, PROFILE.format("include <fifo>"))) == ["DA102"]
    assert codes(read(tmp_path, 'include "/dev/zero"\n')) == ["DA102"]


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with open(tmp_path / "large", "wb") as file:
        file.truncate((16 << 20) + 1)
    resolved = read(tmp_path, "profile p { include <large> }\n")
    assert [found.code for found in resolved.diagnostics] == ["DA103"]


def test_an_abi_that_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "d").mkdir()
    for name in ("<fifo>", "<d>", '"/dev/zero"'):
        assert codes(read(tmp_path, f"abi {name},\n")) == ["DA102"]


def test_a_missing_file_suggests_a_similar_one(tmp_path: Path) -> None:
    write(tmp_path, tunables__global="")
    found = read(tmp_path, "include <tunables/golbal>\n").diagnostics[0]
    assert found.help == ("did you mean `include <tunables/global>`?",)


def test_loops_on_disk_end(tmp_path: Path) -> None:
    write(tmp_path, d__a="include <d>\n", d__b="include <d/a>\n/b r,\n")
    (tmp_path / "d" / "loop").symlink_to(tmp_path / "d")
    (tmp_path / "self").symlink_to("self")
    assert paths(read(tmp_path, PROFILE.format("include <d>"))) == ["/b"]
    assert codes(read(tmp_path, "include <self>\n")) == ["DA100"]


def test_a_chain_of_includes_has_an_end(tmp_path: Path) -> None:
    for number in range(120):
        write(tmp_path, **{f"c{number}": f"include <c{number + 1}>\n"})
    assert codes(read(tmp_path, "include <c0>\n")) == ["DA101"]


@pytest.mark.skipif(not os.path.exists("/proc/self/maps"), reason="no /proc here")
def test_a_file_that_does_not_know_its_size_is_read_whole() -> None:
    """Files of /proc say that they are empty, and come in pieces."""
    text = load("/proc/self/maps", None).text
    assert os.stat("/proc/self/maps").st_size == 0
    assert text.endswith("\n")
    assert text.count("\n") > 20


@pytest.mark.parametrize("beyond", [0, 1])
def test_the_largest_file_that_is_read(tmp_path: Path, beyond: int) -> None:
    (tmp_path / "x").write_bytes(b"#" * (MAX_BYTES + beyond))
    if not beyond:
        assert len(load(str(tmp_path / "x"), None).text) == MAX_BYTES
        return
    with pytest.raises(DiagnosticError) as raised:
        load(str(tmp_path / "x"), None)
    assert [found.code for found in raised.value.diagnostics] == ["DA103"]


def test_policies_see_the_same_files_until_these_are_forgotten(tmp_path: Path) -> None:
    write(tmp_path, x="/one r,\n")
    shelf = library(str(tmp_path))
    source = Source("t", PROFILE.format("include <x>"))
    assert paths(read_text(source, shelf)) == ["/one"]
    write(tmp_path, x="/other r,\n")
    assert paths(read_text(source, shelf)) == ["/one"]
    shelf.forget()
    assert paths(read_text(source, shelf)) == ["/other"]


@pytest.mark.parametrize("name", ["a\xff", "a" * 10_000, "../" * 3000])
def test_odd_names_are_only_missing(tmp_path: Path, name: str) -> None:
    assert codes(read(tmp_path, f"include <{name}>\n")) == ["DA100"]
