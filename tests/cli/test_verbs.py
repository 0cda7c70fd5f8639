"""The command line as its users meet it: what is printed, what the exit status says."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = "docker-default.page"
RECORDS = (
    '[ 5442.864673] audit: type=1400 audit(1453830992.845:37): apparmor="ALLOWED" operation="open"'
    ' profile="/usr/bin/docker" name="/home/jessie/docker/man/man1/docker-attach.1" pid=10923 comm="docker"'
    ' requested_mask="r" denied_mask="r" fsuid=1000 ouid=0',
    '[ 3256.689120] type=1400 audit(1405454041.341:73): apparmor="DENIED" operation="ptrace"'
    ' profile="docker-default" pid=17651 comm="docker" requested_mask="receive" denied_mask="receive"',
)


@pytest.fixture
def base() -> str:
    from dockarmor.policy.builtin import builtin_base

    return builtin_base()


def dockarmor(*arguments: str, stdin: bytes = b"", state: Path | None = None) -> "subprocess.CompletedProcess[bytes]":
    environment = dict(os.environ, DOCKARMOR_STATE=str(state or "/nonexistent"))
    command = [sys.executable, "-m", "dockarmor", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, env=environment, check=False)


def test_explain_names_the_line_that_decides_and_the_one_it_overrules(base: str) -> None:
    done = dockarmor("explain", "--base", base, PAGE, "file w /proc/sysrq-trigger")
    assert done.returncode == 1
    text = done.stdout.decode()
    assert text.startswith("DENIED  file w /proc/sysrq-trigger   profile docker-default\n")
    assert "deny @{PROC}/sysrq-trigger rwklx,   docker-default.page:15:3" in text
    assert "overruled    file,   docker-default.page:11:3" in text


def test_the_surprise_core_pattern_is_writable_and_shm_is_not(base: str) -> None:
    done = dockarmor(
        *("explain", "--base", base, "--output", "jsonl", PAGE),
        *("file w /proc/sys/kernel/core_pattern", "file w /proc/sys/kernel/shmmax"),
    )
    items = [json.loads(line) for line in done.stdout.splitlines()]
    assert [item["allowed"] for item in items] == [True, False]
    assert [rule["line"] for rule in items[0]["decided_by"]] == [11]
    assert [rule["line"] for rule in items[1]["decided_by"]] == [14]
    assert all(item["schema"] == "dockarmor/explain@1" for item in items)


def test_a_request_without_quotes_is_one_request(base: str) -> None:
    assert dockarmor("explain", "--base", base, PAGE, "capability", "sys_admin").returncode == 0


def test_a_blob_is_explained_without_lines(base: str, tmp_path: Path) -> None:
    blob = tmp_path / "blob"
    assert dockarmor("build", "--base", base, PAGE, "-o", str(blob)).returncode == 0
    done = dockarmor("explain", str(blob), "file w /proc/sysrq-trigger")
    assert done.returncode == 1
    assert b"the compiled tables" in done.stdout


def test_the_two_records_of_the_manual_page_are_explained(base: str) -> None:
    done = dockarmor("explain", "--base", base, "--from-record", PAGE, *RECORDS)
    text = done.stdout.decode()
    assert "RECORD  ALLOWED open by docker under /usr/bin/docker" in text
    assert "complain mode" in text
    assert "this policy has no /usr/bin/docker; docker-default is asked instead" in text
    assert "RECORD  DENIED ptrace by docker under docker-default" in text
    assert "no peer" in text


def test_records_come_from_standard_input_too(base: str) -> None:
    done = dockarmor("explain", "--base", base, "--from-record", PAGE, "-", stdin="\n".join(RECORDS).encode())
    assert done.stdout.count(b"RECORD") == 2


def test_build_is_deterministic_and_dump_reads_it(base: str, tmp_path: Path) -> None:
    one = dockarmor("build", "--base", base, PAGE, "-o", "-").stdout
    assert one == dockarmor("build", "--base", base, PAGE, "-o", "-").stdout
    (tmp_path / "blob").write_bytes(one)
    dumped = dockarmor("dump", str(tmp_path / "blob"))
    assert dumped.stdout.startswith(b"profile docker-default\n")
    assert b"attach_disconnected" in dumped.stdout


def test_dump_has_its_values_in_one_column(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("profile p /usr/bin/p* { /b px -> q, }\n")
    blob = dockarmor("build", str(tmp_path / "p"), "-o", "-").stdout
    header, *rows = dockarmor("dump", "-", stdin=blob).stdout.decode().splitlines()
    assert header == "profile p"
    assert {row[:20].rstrip() for row in rows} >= {"  attachment table", "  exec target"}
    assert all(row[18:20] == "  " and row[20] != " " for row in rows), rows


def test_check_says_what_is_wrong_and_exits_2(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("profile p {\n  /a rwz,\n  sginal send,\n}\n")
    done = dockarmor("check", str(tmp_path / "p"))
    assert done.returncode == 2
    assert b"`z` is no file permission" in done.stdout
    assert b"did you mean `signal`?" in done.stdout


def test_a_clean_file_checks_clean(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("profile p {\n  /a r,\n}\n")
    assert dockarmor("check", str(tmp_path / "p")).returncode == 0


def test_load_status_unload_on_the_embedded_kernel(base: str, tmp_path: Path) -> None:
    state = tmp_path / "state"
    loaded = dockarmor("load", "--kernel", "embedded", "--base", base, PAGE, state=state)
    assert loaded.returncode == 0, loaded.stderr
    status = dockarmor("status", "--kernel", "embedded", state=state).stdout.decode()
    assert status.startswith("apparmor module is loaded.\n1 profiles are loaded.\n1 profiles are in enforce mode.\n")
    assert "   docker-default\n" in status
    assert dockarmor("unload", "--kernel", "embedded", "docker-default", state=state).returncode == 0
    again = dockarmor("unload", "--kernel", "embedded", "docker-default", state=state)
    assert again.returncode == 1
    assert again.stderr == b"not loaded: docker-default\n"


def test_a_blob_cut_short_does_not_replace_what_is_loaded(base: str, tmp_path: Path) -> None:
    state = tmp_path / "state"
    blob = dockarmor("build", "--base", base, PAGE, "-o", "-").stdout
    dockarmor("load", "--kernel", "embedded", "--base", base, PAGE, state=state)
    (tmp_path / "cut").write_bytes(blob[: len(blob) // 2])
    refused = dockarmor("load", "--kernel", "embedded", str(tmp_path / "cut"), state=state)
    assert refused.returncode == 2
    assert b"at byte" in refused.stderr
    assert b"   docker-default\n" in dockarmor("status", "--kernel", "embedded", state=state).stdout


def test_default_show_prints_both_profiles() -> None:
    assert b"deny network alg," in dockarmor("default", "show").stdout
    assert b"**^[0-9*]" in dockarmor("default", "show", "--page").stdout


@pytest.mark.parametrize("arguments, status", [((), 2), (("--help",), 0), (("--version",), 0), (("chek",), 2)])
def test_usage(arguments: tuple[str, ...], status: int) -> None:
    assert dockarmor(*arguments).returncode == status


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("rule", "DA101")])
def test_a_full_disk_is_a_sentence_not_a_traceback(arguments: tuple[str, ...]) -> None:
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "dockarmor", *arguments]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 3
    assert done.stderr.decode() == "dockarmor: not all could be written: No space left on device\n"


def test_without_a_standard_output_it_runs_all_the_same() -> None:
    command = ["sh", "-c", '"$0" -m dockarmor --version >&-', sys.executable]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_a_missing_file_is_a_sentence_not_a_traceback() -> None:
    done = dockarmor("explain", "/nonexistent/policy", "file r /a")
    assert done.returncode == 2
    assert done.stderr == b"dockarmor: /nonexistent/policy: No such file or directory\n"


HEAVY = (
    "asyncio",
    "logging",
    "subprocess",
    "sqlite3",
    "importlib.metadata",
    "rich",
    "email",
    "http",
    "ssl",
    "socket",
)


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["check", "--no-compile", "{file}"]])
def test_start_up_stays_light(arguments: list[str], tmp_path: Path) -> None:
    """Start-up is part of speed: these modules are for the verbs that need them."""
    file = tmp_path / "p"
    file.write_text("profile p {\n  /a r,\n}\n")
    words = [word.format(file=file) for word in arguments]
    code = (
        f"import sys; from dockarmor.cli.main import main; main({words!r});"
        f" sys.stderr.write(' '.join(sorted(set({HEAVY!r}) & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.stderr.decode().splitlines()[-1:] in ([], ["1 file(s): 0 error(s), 0 warning(s)"])
