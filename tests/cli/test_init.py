"""`init` as its users meet it, and whether what it writes is true."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from dockarmor.access.grammar import parse_request
from dockarmor.ask.explain import explain
from dockarmor.ask.subject import from_policy
from dockarmor.cli.config import read as read_config
from dockarmor.containers.default import today
from dockarmor.containers.skeleton import TAKEN, skeleton
from dockarmor.kernel.embedded.kernel import Embedded
from dockarmor.lint.examine import Depth, examine
from dockarmor.policy.builtin import builtin_base
from dockarmor.policy.features import builtin, names
from dockarmor.policy.formatted import formatted
from dockarmor.policy.profile import Policy
from dockarmor.policy.read import library, read_text, require
from dockarmor.rules.registry import ALL
from dockarmor.text.diagnostic import DiagnosticError
from dockarmor.text.source import Source

PROFILE, SUITE, CONFIG = skeleton("web").values()


def suite() -> list[tuple[str, str, bool]]:
    """Name of the test, request, expected to be allowed."""
    tests = tomllib.loads(SUITE)["test"]
    return [(test["name"], line, verdict == "allow") for test in tests for verdict in ("allow", "deny")
            for line in test.get(verdict, ())]  # fmt: skip


def policy(text: str = PROFILE) -> Policy:
    return require(read_text(Source("web", text), library(builtin_base()))).policy


def init(folder: Path, *arguments: str, status: int = 0) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "dockarmor", "init", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == status, done.stderr
    return done


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()  # no configuration is looked for above
    return tmp_path


# -- the command ------------------------------------------------------------------------------------------


def test_three_files_are_written_and_named(folder: Path) -> None:
    done = init(folder, "web")
    assert done.stdout.split() == ["./profiles/web", "./tests/web.test.toml", "./dockarmor.toml"]
    assert {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()} == (
        skeleton("web")
    )


def test_without_a_name_the_profile_is_called_like_the_folder(folder: Path) -> None:
    init(folder, "--dir", "shop/front")
    assert "profile front flags=" in (folder / "shop/front/profiles/front").read_text()


@pytest.mark.parametrize("there", ["profiles/web", "tests/web.test.toml"])
def test_nothing_is_overwritten_and_nothing_half_done(folder: Path, there: str) -> None:
    (folder / there).parent.mkdir()
    (folder / there).symlink_to("nowhere")
    done = init(folder, "web", status=1)
    assert f"{there} is there already" in done.stderr
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_a_second_profile_goes_into_the_same_project(folder: Path) -> None:
    init(folder, "web")
    (folder / "dockarmor.toml").write_text("features = 'kernel-7.2'\n")
    done = init(folder, "db")
    assert "dockarmor.toml is in force" in done.stderr
    assert done.stdout.split() == ["./profiles/db", "./tests/db.test.toml"]
    assert (folder / "dockarmor.toml").read_text() == "features = 'kernel-7.2'\n"


def test_a_dry_run_prints_and_writes_nothing(folder: Path) -> None:
    done = init(folder, "web", "--dry-run")
    assert all(text in done.stdout for text in skeleton("web").values())
    assert os.listdir(folder) == [".git"]


@pytest.mark.parametrize("name", [*TAKEN, "a b", "../x", ".hidden", "a/b", "", "x" * 65, "ü", "-x", 'a"b'])
def test_a_name_that_means_trouble_is_refused(name: str) -> None:
    with pytest.raises(DiagnosticError) as caught:
        skeleton(name)
    assert caught.value.diagnostics[0].code == "DA940"


def test_the_command_says_so_of_a_bad_name(folder: Path) -> None:
    assert "DA940" in init(folder, "docker-default", status=2).stderr
    assert os.listdir(folder) == [".git"]


def test_a_folder_that_cannot_be_made_is_named(folder: Path) -> None:
    (folder / "profiles").write_text("")
    assert "profiles" in init(folder, "web", status=2).stderr


# -- what is written --------------------------------------------------------------------------------------


def test_the_configuration_is_one_with_and_without_what_is_a_comment(tmp_path: Path) -> None:
    path = tmp_path / "dockarmor.toml"
    path.write_text(CONFIG)
    found = read_config(str(path))
    assert (found.features, found.base, found.include, list(found.ignored)) == ("kernel-6.12", None, (), ["DA385"])
    path.write_text("\n".join(line.removeprefix("# ") if " = " in line else line for line in CONFIG.splitlines()))
    found = read_config(str(path))
    assert (found.base, found.include) == ("/etc/apparmor.d", (str(tmp_path / "abstractions"),))


def said(base: str, kernel: str) -> list[tuple[str, str]]:
    """What `check` says of the profile in its project, but for what a kernel drops of included files (DA429)."""
    ignored = tuple(tomllib.loads(CONFIG)["lint"]["ignore"])
    found = examine(Source("web", PROFILE), library(base), builtin(kernel), Depth(ignored=ignored))
    return [(one.code, one.message) for one in found if one.code != "DA429"]


@pytest.mark.parametrize("kernel", [name for name in names() if name.startswith("kernel-")])
def test_check_has_nothing_to_say_of_the_profile(kernel: str) -> None:
    assert said(builtin_base(), kernel) == []


@pytest.mark.reference
def test_nor_with_debians_own_abstractions(reference_base: Path) -> None:
    assert said(str(reference_base), "kernel-6.12") == []


@pytest.mark.reference
def test_the_reference_parser_takes_it(reference_parser: Path, reference_base: Path, tmp_path: Path) -> None:
    (tmp_path / "web").write_text(PROFILE)
    command = [str(reference_parser), "-QTK", "-b", str(reference_base), "-N", str(tmp_path / "web")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, ["web"]), done.stderr


def test_the_profile_is_in_the_canonical_style() -> None:
    assert formatted(Source("web", PROFILE), library(builtin_base())) == PROFILE


def test_the_embedded_kernel_loads_it(tmp_path: Path) -> None:
    kernel = Embedded(str(tmp_path), {}, ALL)
    kernel.load(from_policy("web", policy(), builtin("kernel-6.12")).blob)
    assert [(one.name, one.mode) for one in kernel.profiles()] == [("web", "enforce")]


@pytest.fixture(scope="module", params=["kernel-6.1", "kernel-6.12", "kernel-7.2"])
def subject(request: pytest.FixtureRequest) -> Any:
    return from_policy("web", policy(), builtin(request.param))


@pytest.mark.parametrize("name, line, allowed", suite())
def test_the_suite_is_true(subject: Any, name: str, line: str, allowed: bool) -> None:
    assert explain(subject, parse_request(line)).decision.allowed == allowed, name


def test_the_suite_belongs_to_the_profile() -> None:
    head = tomllib.loads(SUITE)
    assert (head["policy"], head["profile"]) == ("../profiles/web", "web")


PROC = (
    *(
        "sys/kernel/shmmax",
        "sys/kernel/shm_next_id",
        "1/oom_score_adj",
        "12/task/12/comm",
        "bus/pci/a",
        "s/x",
        "sy/x",
    ),
    *(
        "sysvipc/shm",
        "self/x",
        "0/x",
        "tty/driver/x",
        "driver/rtc",
        "fs/nfsd/x",
        "acpi/wakeup",
        "irq/1/x",
        "sys/vm/a",
    ),
    *(
        "sys/kernel/core_pattern",
        "sys/kernel/sysrq",
        "sys/kernel/sem",
        "sys/kernel/s",
        "sys/kernel/sh",
        "sys/kerne/x",
    ),
    *("sys/kernel/yama/ptrace_scope", "sys/kernelx", "sys/fs/file-max", "sys/net/ipv4/ip_forward", "sysrq-trigger"),
    *("kcore", "kmsg", "sys/kernel/modprobe", "sys/kernel/hotplug", "sys/kernel/domainname", "sys/kernel/sched_x"),
)


@pytest.mark.parametrize("path", PROC)
def test_of_proc_only_processes_and_shm_are_written(subject: Any, path: str) -> None:
    """What docker-default meant: its own pattern lets /proc/bus and some of /proc/sys/kernel through."""
    meant = path[0] in "123456789" or path.startswith("sys/kernel/shm")
    assert explain(subject, parse_request(f"file w /proc/{path}")).decision.allowed == meant


SYS = (
    *(
        "fs/cgroup/a",
        "fs/cgroup/a/b",
        "fs/cgroupx",
        "fs/cgro/x",
        "fs/c/x",
        "fs/bpf/x",
        "f/x",
        "class/x",
        "kernel/mm/x",
    ),
    *("kernel/security/x", "firmware/x", "module/x/parameters/y", "devices/virtual/powercap/x", "block/sda/x"),
)


@pytest.mark.parametrize("path", SYS)
def test_of_sys_only_control_groups_are_written(subject: Any, path: str) -> None:
    meant = path.startswith("fs/cgroup/")
    assert explain(subject, parse_request(f"file w /sys/{path}")).decision.allowed == meant


def test_it_is_nowhere_wider_than_docker_default(subject: Any) -> None:
    default = from_policy("default", policy(today(name="web")), builtin("kernel-6.12"))
    lines = [line for _, line, _ in suite()]
    lines += [f"file {mode} /{top}/{path}" for mode in "rwlk" for top, paths in (("proc", PROC), ("sys", SYS))
              for path in paths]  # fmt: skip
    for line in lines:
        if explain(subject, parse_request(line)).decision.allowed:
            assert explain(default, parse_request(line)).decision.allowed, line
