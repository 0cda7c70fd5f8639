"""`dockarmor build` as users meet it: one blob or many, the cache, processes, sizes."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dockarmor.cli import build
from dockarmor.cli.compiling import policy_names
from dockarmor.cli.main import _options, main
from dockarmor.cli.places import replace_file
from dockarmor.compile.compression import compressed

POLICY = "profile {0} {{\n  /etc/{0} r,\n  /usr/{{bin,lib}}/** rix,\n}}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCKARMOR_CACHE", str(tmp_path / "cache"))
    policies = tmp_path / "policies"
    policies.mkdir()
    for name in ("one", "two", "three"):
        (policies / name).write_text(POLICY.format(name))
    for name in ("README", "old.dpkg-old", ".hidden"):
        (policies / name).write_text("no policy at all {\n")
    (policies / "inner").mkdir()
    return tmp_path


def test_a_folder_is_one_blob_or_many(folder: Path) -> None:
    assert main(["build", str(folder / "policies"), "-o", str(folder / "all")]) == 0
    assert main(["build", str(folder / "policies"), "--output-dir", str(folder / "out")]) == 0
    assert sorted(os.listdir(folder / "out")) == ["one", "three", "two"]
    parts = [(folder / "out" / name).read_bytes() for name in ("one", "three", "two")]
    assert (folder / "all").read_bytes() == b"".join(parts)


@pytest.mark.parametrize("more", [["-j", "3"], ["--no-cache"], ["-j", "2", "--no-cache"], ["-j", "auto"]])
def test_bytes_do_not_depend_on_processes_or_cache(folder: Path, more: list[str]) -> None:
    for name in ("first", "second", "third"):
        extra = more if name != "first" else ["--no-cache"]
        assert main(["build", str(folder / "policies"), "-o", str(folder / name), *extra]) == 0
    assert len({(folder / name).read_bytes() for name in ("first", "second", "third")}) == 1


def test_errors_of_all_files_are_told_and_nothing_is_written(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "policies/two").write_text("profile two { /x zz, }\n")
    (folder / "policies/bad").write_text("profile bad { /a* px, /*a ix, }\n")
    for more in ([], ["-j", "2"]):
        assert main(["build", str(folder / "policies"), "-o", str(folder / "out"), *more]) == 2
        told = capsys.readouterr().err
        assert "policies/two:1" in told
        assert "policies/bad:1" in told
        assert not (folder / "out").exists()


def test_two_files_of_one_name_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "policies/inner/one").write_text(POLICY.format("one"))
    files = [str(folder / "policies/one"), str(folder / "policies/inner/one")]
    assert main(["build", *files, "--output-dir", str(folder / "out")]) == 2
    assert "DA408" in capsys.readouterr().err


def test_a_compressed_blob_is_for_kernels_that_take_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ["build", str(folder / "policies"), "--features", "kernel-7.3"]
    assert main([*wanted, "-o", str(folder / "plain")]) == 0
    assert main([*wanted, "-o", str(folder / "packed"), "--compress"]) == 0
    assert (folder / "packed").stat().st_size < (folder / "plain").stat().st_size
    assert main(["build", str(folder / "packed"), "-o", str(folder / "again")]) == 0
    assert (folder / "again").read_bytes() == (folder / "plain").read_bytes()
    capsys.readouterr()
    assert main(["dump", str(folder / "packed")]) == 0
    said = capsys.readouterr().out
    assert main(["dump", str(folder / "plain")]) == 0
    assert capsys.readouterr().out.replace("plain", "packed") == said
    wanted[-1] = "kernel-6.17"
    assert main([*wanted, "-o", str(folder / "refused"), "--compress"]) == 2
    assert "DA409" in capsys.readouterr().err
    assert not (folder / "refused").exists()


def test_a_broken_blob_is_named_and_hides_no_other(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", str(folder / "policies/one"), "-o", str(folder / "blob"), "--no-cache"]) == 0
    (folder / "cut").write_bytes((folder / "blob").read_bytes()[:-40])
    (folder / "packed").write_bytes(compressed((folder / "blob").read_bytes())[:-4])
    (folder / "text").write_text("profile bad {\n  nonsense,\n}\n")
    capsys.readouterr()
    files = [str(folder / name) for name in ("cut", "packed", "text")]
    assert main(["build", *files, "-o", str(folder / "all")]) == 2
    said = capsys.readouterr().err
    assert [file in said for file in files] == [True, True, True]
    assert [code in said for code in ("DA50", "DA506", "DA2")] == [True, True, True]
    assert not (folder / "all").exists()


@pytest.mark.parametrize("more", [["--no-cache"], [], ["-j", "2"]])
def test_what_the_kernel_cannot_enforce_is_said_with_rule_and_reason(
    folder: Path, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    policy = folder / "policies/one"
    policy.write_text("profile one {\n  userns,\n  mqueue r /x,\n}\n")
    wanted = [
        "build",
        str(policy),
        str(folder / "policies/two"),
        "--features",
        "kernel-6.1",
        "-o",
        str(folder / "out"),
    ]
    for _ in range(2):  # from the cache, too
        assert main([*wanted, *more]) == 0
        assert capsys.readouterr().err.splitlines() == [
            f"{policy}:2:3: warning[DA420]: userns rules are not enforced:"
            " the feature set has no `namespaces/mask/userns_create`: `userns,`",
            f"{policy}:3:3: warning[DA420]: mqueue rules are not enforced:"
            " the feature set has no `ipc/posix_mqueue`: `mqueue r /x,`",
            "`dockarmor check --verbose --features …` shows all, with what to do",
            f"{folder}/out: 2 profile(s), {(folder / 'out').stat().st_size} bytes",
        ]


def test_features_of_a_folder_are_those_of_its_text(folder: Path) -> None:
    """As a kernel shows them, for every verb that takes features."""
    shown = folder / "features" / "policy" / "versions"
    shown.mkdir(parents=True)
    (shown / "v5").write_text("yes\n")
    (folder / "text").write_text("policy {versions {v5 {yes\n}\n}\n}\n")
    policy, blobs = str(folder / "policies/one"), []
    for place in ("features", "text"):
        assert main(["build", policy, "--features", str(folder / place), "-o", str(folder / "out")]) == 0
        blobs.append((folder / "out").read_bytes())
        assert main(["check", policy, "--features", str(folder / place)]) == 0
    assert blobs[0] == blobs[1]


def test_a_rule_that_several_files_include_is_said_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "shared").write_text("  userns,\n")
    for name in ("one", "two", "three"):
        (folder / "policies" / name).write_text(f"profile {name} {{\n  include <shared>\n}}\n")
    command = [
        "build",
        str(folder / "policies"),
        "--features",
        "kernel-6.1",
        "--base",
        str(folder),
        "-o",
        "/dev/null",
    ]
    assert main(command) == 0
    first, last, _ = capsys.readouterr().err.splitlines()
    assert first.startswith(f"{folder}/shared:1:3: warning[DA420]: ")
    assert last.startswith("2 more warning(s), 2 of DA420; ")
    assert main([*command, "--output", "json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (len(made["warnings"]), made["left_out"]) == (1, {"DA420": 2})


def test_of_many_warnings_some_of_each_code_are_said_and_the_rest_is_counted(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two", "three"):
        (folder / "policies" / name).write_text(f"profile {name} {{\n" + "  userns,\n  dbus,\n" * 9 + "}\n")
    with (folder / "policies" / "two").open("a") as file:
        file.write("profile last flags=(prompt) {\n  /x w -> y,\n}\n")
    assert main(["build", str(folder / "policies"), "--features", "kernel-6.1", "-o", "/dev/null"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 22
    assert {line.partition(": ")[2].partition(":")[0] for line in lines[:20]} == {
        "warning[DA412]",
        "warning[DA420]",
        "warning[DA428]",
    }
    assert lines[20].startswith("36 more warning(s), 36 of DA420; `dockarmor check --verbose")


def test_they_are_said_beside_a_blob_on_standard_output(folder: Path) -> None:
    (folder / "policies/one").write_text("profile one {\n  userns,\n}\n")
    command = [sys.executable, "-m", "dockarmor", "build", str(folder / "policies/one"), "--features", "kernel-6.1"]
    ran = subprocess.run([*command, "-o", "-"], capture_output=True, check=True)
    assert ran.stdout.startswith(b"\x04\x08\x00version")
    assert b"one:2:3: warning[DA420]: " in ran.stderr


def test_they_are_data_where_json_is_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy = folder / "policies/one"
    policy.write_text("profile one {\n" + "".join(f"  mqueue type=sysv {key},\n" for key in range(12)) + "}\n")
    command = ["build", str(policy), "--features", "kernel-6.1", "-o", "/dev/null", "--output"]
    assert main([*command, "json"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    made = json.loads(printed.out)
    assert made["warnings"][0] == {
        "code": "DA420",
        "message": "mqueue rules are not enforced: the feature set has no `ipc/sysv_mqueue`",
        "file": str(policy),
        "line": 2,
        "column": 3,
        "rule": "mqueue type=sysv 0,",
    }
    assert (len(made["warnings"]), made["left_out"]) == (10, {"DA420": 2})
    assert main([*command, "jsonl"]) == 0
    item, run = map(json.loads, capsys.readouterr().out.splitlines())
    assert (item["schema"], item["profile"]) == ("dockarmor/build@1", "one")
    assert run == {"schema": "dockarmor/build-run@1", "warnings": made["warnings"], "left_out": {"DA420": 2}}


def test_a_rule_that_several_profiles_include_is_said_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "shared").write_text("  userns,\n  dbus,\n")
    policy = folder / "policies" / "one"
    policy.write_text("".join(f"profile {name} {{\n  include <shared>\n}}\n" for name in "abcdef"))
    command = ["build", str(policy), "--features", "kernel-6.1", "--base", str(folder), "-o", "/dev/null"]
    assert main(command) == 0
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(": ")[0] for line in lines] == [
        f"{folder}/shared:1:3",
        f"{folder}/shared:2:3",
        "`dockarmor check --verbose --features …` shows all, with what to do",
        "/dev/null",
    ]


def test_what_the_count_points_to_shows_rules_of_included_files(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "shared").write_text("".join(f"  mqueue type=sysv {number},\n" for number in range(12)))
    policy = folder / "policies" / "one"
    policy.write_text("profile one {\n  include <shared>\n}\n")
    where = ["--features", "kernel-6.1", "--base", str(folder)]
    assert main(["build", str(policy), *where, "-o", "/dev/null"]) == 0
    assert "2 more warning(s), 2 of DA420; `dockarmor check --verbose --features …`" in capsys.readouterr().err
    main(["check", "--verbose", str(policy), *where, "--output", "concise"])
    assert capsys.readouterr().out.count("DA420") == 12


def test_size_is_explained(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", str(folder / "policies/one"), "-o", "/dev/null", "--explain-size"]) == 0
    out = capsys.readouterr().out
    assert "one: " in out
    assert "states fewer without /usr/{bin,lib}/** rix," in out


def test_size_of_standard_input_is_explained(folder: Path) -> None:
    """It can be read once."""
    command = [sys.executable, "-m", "dockarmor", "build", "-", "-o", "/dev/null", "--explain-size"]
    done = subprocess.run(command, input=POLICY.format("one"), capture_output=True, text=True, check=True)
    assert "states fewer without /usr/{bin,lib}/** rix,  (standard input:3:3)" in done.stdout


def test_json_has_the_figures(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = folder / "out"
    assert main(["build", str(folder / "policies/one"), "-o", str(out), "--output", "json"]) == 0
    (item,) = json.loads(capsys.readouterr().out)["items"]
    assert item["profile"] == "one"
    assert item["bytes"] == out.stat().st_size


@pytest.mark.parametrize(
    "line",
    [
        "p -o -",
        "p q --output-dir d",
        "-o out --base b -I x -I y --features kernel-6.1 p -",
        "--features f p -o o --base b",
        "--no-cache -j 12 p -o o",
        "-j2 p -o o",
    ],
)
def test_plain_lines_are_read_as_argparse_reads_them(line: str) -> None:
    arguments = line.split()
    plain, full = build.plain(arguments), vars(_options("build", build, arguments))
    full.pop("command")
    assert vars(plain) == full


@pytest.mark.parametrize(
    "line",
    [
        *("", "p", "-o", "p -o x --output-dir y", "p -ox", "p --out x", "p -o -x", "-h"),
        *("p -o x -j 0", "p -o x -j auto", "p -o x -j02", "p -o x -j=2"),
    ],
)
def test_all_other_lines_are_left_to_argparse(line: str) -> None:
    assert build.plain(line.split()) is None


def test_a_cached_build_imports_neither_parser_nor_compiler(folder: Path) -> None:
    command = ["build", str(folder / "policies"), "-o", os.devnull]
    script = f"import sys; from dockarmor.cli.main import main; main({command!r}); print(*sys.modules)"
    runs = [subprocess.run([sys.executable, "-c", script], capture_output=True, text=True) for _ in range(2)]
    first, second = (set(run.stdout.split()) for run in runs)
    assert "dockarmor.compile.pipeline" in first
    rooms = {"syntax", "rules", "automata", "text", "access"}
    assert not {name for name in second if name.startswith("dockarmor.") and name.split(".")[1] in rooms}
    assert not second & {"argparse", "re", "json", "typing", "enum"}


def test_policies_that_share_what_they_include_all_see_it_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKARMOR_CACHE", str(tmp_path / "cache"))
    base, policies = tmp_path / "base", tmp_path / "policies"
    for folder in (base / "tunables/more.d", base / "abstractions/base.d", policies):
        folder.mkdir(parents=True)
    (base / "tunables/global").write_text("include <tunables/more>\ninclude if exists <tunables/more.d>\n")
    (base / "tunables/more").write_text("@{A}=/a\n")
    (base / "abstractions/base").write_text("@{A}/x r,\ninclude if exists <abstractions/base.d>\n")
    for at in range(3):
        text = f"include <tunables/global>\nprofile p{at} {{\n  include <abstractions/base>\n  /p{at} r,\n}}\n"
        (policies / f"p{at}").write_text(text)

    def blobs(*options: str) -> list[bytes]:
        out = tmp_path / "out"
        assert main(["build", "--base", str(base), "--output-dir", str(out), *options, str(policies)]) == 0
        return [(out / f"p{at}").read_bytes() for at in range(3)]

    before: list[bytes] = []
    for file, text in (
        ("tunables/more", "@{A}=/b\n"),
        ("tunables/more.d/one", "@{A}+=/c\n"),
        ("abstractions/base.d/one", "/d w,\n"),
        ("abstractions/base", "@{A}/y r,\ninclude if exists <abstractions/base.d>\n"),
        ("tunables/global", "include <tunables/more>\n"),
    ):
        (base / file).write_text(text)
        now = blobs()
        assert now == blobs("--no-cache")
        assert all(one not in before for one in now)
        before = now


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_json_stays_json_where_sizes_are_explained(
    folder: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    policy = str(folder / "policies/one")
    assert main(["build", policy, "-o", "/dev/null", "--explain-size", "--output", form]) == 0
    said = json.loads(capsys.readouterr().out)
    (item,) = said["items"] if form == "json" else [said]
    assert {"of": "/usr/{bin,lib}/** rix,", "file": policy, "line": 3} == {
        key: value for key, value in item["costs"][0].items() if key != "states"
    }


def test_names_are_characters_in_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "cafe").write_text('profile "café" { }\n', encoding="utf-8")
    assert main(["build", str(folder / "cafe"), "-o", "/dev/null", "--output", "jsonl"]) == 0
    assert json.loads(capsys.readouterr().out)["profile"] == "café"


def test_the_longest_name_that_a_file_can_have(folder: Path) -> None:
    out = folder / ("n" * 255)
    assert main(["build", str(folder / "policies/one"), "-o", str(out)]) == 0
    assert out.stat().st_size


def test_what_cannot_be_written_is_named_as_the_user_named_it(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert main(["build", "policies/one", "-o", "nowhere/out"]) == 2
    assert capsys.readouterr().err == "dockarmor: nowhere/out: No such file or directory\n"


@pytest.mark.parametrize("jobs", ["0", "-1", "x", "", "1.5", "9" * 5000])
def test_a_number_of_processes_that_is_none_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str], jobs: str
) -> None:
    assert main(["build", str(folder / "policies/one"), "-o", str(folder / "out"), f"-j{jobs}"]) == 2
    assert "-j/--jobs: " in capsys.readouterr().err


def test_a_link_to_itself_stays_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "loop").symlink_to("loop")
    assert main(["build", str(folder / "policies/one"), "-o", str(folder / "loop")]) == 2
    assert capsys.readouterr().err == f"dockarmor: {folder}/loop: Too many levels of symbolic links\n"
    assert (folder / "loop").is_symlink()


def test_the_name_of_a_file_does_nothing_to_a_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", str(folder / "policies/one"), "-o", "\033[31m\n/out"]) == 2
    assert capsys.readouterr().err == "dockarmor: \\x1b[31m\\x0a/out: No such file or directory\n"


def test_a_run_that_was_killed_is_in_nobodys_way(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it left is no policy, and in a container the next run has the same number."""

    def killed(*_: object) -> None:
        raise SystemExit

    policy = str(folder / "policies/one")
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", killed)
        patched.setattr(os, "unlink", lambda _: None)
        with pytest.raises(SystemExit):
            replace_file(policy, [b"profile one { }\n"])
    assert len(os.listdir(folder / "policies")) == 8
    assert sorted(policy_names([str(folder / "policies")])) == [
        str(folder / "policies" / name) for name in ("one", "three", "two")
    ]
    replace_file(policy, [b"profile one { }\n"])


def test_a_blob_for_a_closed_output_is_an_error(folder: Path) -> None:
    command = [sys.executable, "-m", "dockarmor", "build", str(folder / "policies/one"), "-o", "-"]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False, preexec_fn=lambda: os.close(1))
    assert (done.returncode, done.stderr) == (2, "dockarmor: standard output: Bad file descriptor\n")


@pytest.mark.parametrize(
    "header, code",
    [
        ("profile big /**a??????????????????????", "DA404"),
        ('profile big /x xattrs=(user.a="*a??????????????????????")', "DA404"),
    ],
)
def test_of_an_attachment_that_grows_too_large_the_profile_is_shown(
    folder: Path, capsys: pytest.CaptureFixture[str], header: str, code: str
) -> None:
    policy = folder / "policies/two"
    policy.write_text(f"profile small {{ }}\n{header} {{ }}\n")
    features = ["--features", "kernel-6.17"]
    assert main(["build", str(folder / "policies"), "-o", str(folder / "out"), *features]) == 2
    said = capsys.readouterr().err
    assert code in said
    assert f"{policy}:2:1" in said
    assert "what it attaches to makes it grow" in said


def test_of_tables_that_a_kernel_cannot_read_the_profile_is_shown(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = folder / "policies/two"
    names = "".join(f"  /{hashlib.sha256(b'%d' % number).hexdigest()} r,\n" for number in range(1500))
    policy.write_text(f"profile small {{ }}\nprofile big {{\n{names}}}\n")
    assert main(["build", str(policy), "-o", str(folder / "out"), "--features", "kernel-6.1"]) == 2
    said = capsys.readouterr().err
    assert "DA402" in said
    assert f"{policy}:2:1" in said
