"""`check` as its users meet it."""

import json
import os
import signal
import subprocess
import sys
import threading
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest

GOOD = "profile good { /a r, }\n"
WARNS = "profile warns { /proc/[0-9*]/status r, }\n"
BAD = "profile bad {\n  signal set=(foo),\n}\n"
FORMS = ("human", "concise", "json", "jsonl", "sarif", "github", "junit")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()  # no configuration is looked for above
    for name, text in (("a-good", GOOD), ("b-warns", WARNS), ("c-bad", BAD), ("d.rpmnew", BAD)):
        (tmp_path / name).write_text(text)
    return tmp_path


def check(
    folder: Path, *arguments: str, stdin: bytes = b"", status: int | None = None
) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-m", "dockarmor", "check", *arguments]
    cache = {"DOCKARMOR_CACHE": str(folder / ".git/cache")}
    done = subprocess.run(
        command, input=stdin, capture_output=True, check=False, cwd=folder, env={**os.environ, **cache}
    )
    if status is not None:
        assert done.returncode == status, done.stderr.decode()
    return done


def test_the_status_says_clean_warnings_errors(folder: Path) -> None:
    check(folder, "--no-lint", "a-good", status=0)
    check(folder, "b-warns", status=1)
    check(folder, "c-bad", status=2)
    check(folder, "nothing-there", status=2)
    check(folder, status=2)


def test_a_folder_means_its_policy_files(folder: Path) -> None:
    done = check(folder, "--no-lint", "--output", "jsonl", ".", status=2)
    items = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(item["path"], item["ok"]) for item in items] == [
        ("./a-good", True),
        ("./b-warns", True),
        ("./c-bad", False),
    ]


def test_a_list_of_files_is_one_line_each_in_its_order_whatever_the_number_of_processes(folder: Path) -> None:
    names = ["c-bad", "a-good", "b-warns"] * 40
    listed = "\n".join(names).encode() + b"\n"
    runs = [
        check(folder, "--no-lint", "--output", "jsonl", "-j", jobs, "--files-from", "-", stdin=listed).stdout
        for jobs in ("1", "2", "5")
    ]
    assert runs[0] == runs[1] == runs[2]
    items = [json.loads(line) for line in runs[0].splitlines()]
    assert [item["path"] for item in items] == names
    assert {item["path"]: [found["code"] for found in item["diagnostics"]] for item in items}["c-bad"] == ["DA262"]


def test_names_that_are_not_utf8_are_read(folder: Path) -> None:
    name = b"b\xff"
    Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text(BAD)
    done = check(folder, "--output", "jsonl", "--files-from", "-", stdin=name + b"\n", status=2)
    (found,) = json.loads(done.stdout)["diagnostics"]
    assert found["code"] == "DA262"


@pytest.mark.parametrize("form", FORMS)
def test_every_form_names_the_place_and_the_code(folder: Path, form: str) -> None:
    done = check(folder, "--no-lint", "--output", form, "c-bad", status=2)
    text = done.stdout.decode()
    assert "c-bad" in text
    assert "DA262" in text
    if form in ("json", "sarif"):
        json.loads(text)
    if form == "junit":
        assert xml.fromstring(text).find(".//failure") is not None


def test_concise_is_one_line_a_finding(folder: Path) -> None:
    done = check(folder, "--output", "concise", "c-bad")
    assert done.stdout.decode().splitlines() == ["c-bad:2:15: error[DA262]: unknown signal `foo`"]


def test_a_hundred_findings_of_a_code_are_told_and_the_rest_counted(folder: Path) -> None:
    rules = "".join(f"/proc/[0-9*]/{n} r,\n" for n in range(1200))
    (folder / "many").write_text(f"profile many {{\n{rules}}}\n")
    lines = check(folder, "--output", "concise", "many", status=1).stdout.decode().splitlines()
    assert len(lines) == 101
    assert lines[-1] == "many: note[DA310]: 1,100 more findings like this are left out"


def test_github_escapes_what_could_be_a_command(folder: Path) -> None:
    (folder / "evil").write_bytes(b'profile x {\n  signal set=("a\n::error::b"),\n}\n')
    done = check(folder, "--no-lint", "--output", "github", "evil", status=2)
    assert len(done.stdout.splitlines()) == 1


def test_sarif_gives_rules_and_regions(folder: Path) -> None:
    log = json.loads(check(folder, "--output", "sarif", "b-warns", "c-bad").stdout)
    run = log["runs"][0]
    assert log["version"] == "2.1.0"
    results = {result["ruleId"]: result for result in run["results"]}
    assert results["DA262"]["level"] == "error"
    region = results["DA262"]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 2, "startColumn": 15, "endLine": 2, "endColumn": 18}
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == sorted(results)


def test_every_item_is_what_the_published_schema_says(folder: Path) -> None:
    from dockarmor import data

    schema = json.loads((Path(data.__file__).parent / "schemas" / "check@1.json").read_text())
    known = schema["$defs"]["diagnostic"]["properties"]
    for line in check(folder, "--output", "jsonl", ".").stdout.splitlines():
        item = json.loads(line)
        assert set(item) == set(schema["required"])
        for found in item["diagnostics"]:
            assert set(schema["$defs"]["diagnostic"]["required"]) <= set(found) <= set(known)
            assert found["severity"] in known["severity"]["enum"]


def test_fix_applies_safe_fixes_and_keeps_mode_and_the_rest(folder: Path) -> None:
    file = folder / "fixable"
    file.write_text("profile x {\n  # dockarmor: allow DA310 -- gone\n  /a r,\n}\n")
    file.chmod(0o640)
    done = check(folder, "--fix", "fixable")
    assert b"1 fix(es) applied" in done.stderr
    assert file.read_text() == "profile x {\n  /a r,\n}\n"
    assert file.stat().st_mode & 0o777 == 0o640


def test_the_configuration_is_found_and_its_mistakes_are_named(folder: Path) -> None:
    (folder / "dockarmor.toml").write_text('[lint.ignore]\nDA310 = "as the manual has it"\n')
    assert b"DA310" not in check(folder, "--output", "concise", "b-warns").stdout
    (folder / "dockarmor.toml").write_text('feature = "kernel-6.1"\n')
    done = check(folder, "a-good", status=2)
    assert b"DA951" in done.stderr
    assert b"did you mean `features`?" in done.stderr


def test_an_option_wins_over_the_configuration(folder: Path) -> None:
    (folder / "x").write_text("profile x { userns, }\n")
    (folder / "dockarmor.toml").write_text('features = "kernel-6.1"\n')
    assert b"DA420" in check(folder, "--output", "concise", "x").stdout
    assert b"DA420" not in check(folder, "--output", "concise", "--features", "kernel-6.12", "x").stdout


def test_rules_of_includes_that_features_drop_are_counted_and_shown_when_asked(folder: Path) -> None:
    (folder / "abstractions").mkdir()
    (folder / "abstractions" / "bus").write_text("dbus send,\ndbus receive,\n")
    (folder / "x").write_text("profile x { include <abstractions/bus>\n}\n")
    short = check(folder, "-I", ".", "--output", "concise", "x").stdout.decode()
    assert "2 rules of included files are dropped or weakened for kernel-6.12" in short
    assert "DA420" not in short
    assert check(folder, "-I", ".", "--output", "concise", "-v", "x").stdout.decode().count("DA420") == 2


def test_the_cheap_road_imports_nothing_that_it_does_not_need(folder: Path) -> None:
    code = (
        "import sys; from dockarmor.cli.main import main; main(['check', '--no-lint', 'a-good']);"
        "heavy = {'dataclasses', 'inspect', 'json', 'asyncio', 'logging', 'pathlib', 'subprocess', 'tomllib',"
        " 'watchfiles', 'rich', 'importlib.metadata', 'difflib', 'multiprocessing'};"
        "sys.exit(' '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr.decode()


def test_what_was_found_before_is_found_again_in_every_form(folder: Path) -> None:
    for form in FORMS:
        fresh = check(folder, "--no-cache", "--output", form, ".")
        first, second = (check(folder, "--output", form, ".") for _ in range(2))
        assert fresh.stdout == first.stdout == second.stdout
        assert fresh.returncode == first.returncode == second.returncode == 2
    assert len(list((folder / ".git/cache/build/index").iterdir())) >= 3


def test_every_change_of_what_was_looked_at_is_seen(folder: Path) -> None:
    """The file itself, an include that appears or changes, and a better spelling of one that is missing."""
    (folder / "abstractions").mkdir()
    file = folder / "x"
    file.write_text("profile x {\n  include <abstractions/bsae>\n  include if exists <local/x>\n  /a r,\n}\n")

    def said() -> str:
        first, second = (check(folder, "-I", ".", "--output", "concise", "x").stdout.decode() for _ in range(2))
        assert first == second
        return first

    assert "DA100" in said()
    (folder / "abstractions/base").write_text("/b r,\n")
    assert "DA100" in said()
    assert "abstractions/base" in check(folder, "-I", ".", "x").stdout.decode()
    file.write_text(file.read_text().replace("bsae", "base"))
    assert "DA100" not in said()
    (folder / "local").mkdir()
    (folder / "local/x").write_text("dbus send,\n")
    assert "DA429" in said()
    (folder / "local/x").write_text("signal set=(foo),\n")
    assert "error[" in said()


def test_a_hit_imports_neither_parser_nor_lints(folder: Path) -> None:
    code = (
        "import sys; from dockarmor.cli.main import main; main(['check', 'b-warns']);"
        "rooms = ('dockarmor.syntax', 'dockarmor.lint', 'dockarmor.rules');"
        "print([name for name in sys.modules if name.startswith(rooms)])"
    )
    environment = {**os.environ, "DOCKARMOR_CACHE": str(folder / "cache")}
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=True, cwd=folder, env=environment
        )
    assert done.stdout.decode().endswith("\n[]\n")


def test_watching_checks_again_after_a_change_until_it_is_interrupted(folder: Path) -> None:
    command = [sys.executable, "-m", "dockarmor", "check", "--watch", "--output", "concise", "a-good"]
    environment = {**os.environ, "DOCKARMOR_CACHE": str(folder / ".git/cache"), "PYTHONUNBUFFERED": "1"}
    # whoever runs the tests in the background has the interrupt ignored, and what they start inherits that
    with subprocess.Popen(
        ["env", "--default-signal=INT", *command],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        while b"watching" not in running.stderr.readline():
            pass
        changing = threading.Event()

        def change() -> None:
            # Again and again: the watcher says that it begins before it does.
            while not changing.wait(0.3):
                (folder / "a-good").write_text(BAD)

        writer = threading.Thread(target=change)
        writer.start()
        try:
            assert b"error[DA262]" in running.stdout.readline()
        finally:
            changing.set()
            writer.join()
            running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)
    assert running.returncode in (2, 130)  # 130: in the midst of a round


def test_an_include_that_may_be_missing_does_not_excuse_one_that_may_not(folder: Path) -> None:
    policies = folder / "policies"
    policies.mkdir()
    for name, include in (("a", "include if exists <tunables/gone>"), ("b", "include <tunables/gone>")):
        (policies / name).write_text(f"{include}\nprofile {name} {{\n  {include}\n}}\n")
    done = check(folder, "--no-cache", "--no-lint", "--output", "jsonl", "policies", status=2)
    items = [json.loads(line) for line in done.stdout.splitlines()]
    assert [len(item["diagnostics"]) for item in items] == [0, 2]
