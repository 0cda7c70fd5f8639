"""aa-complain, aa-enforce and aa-disable beside Debian's own: messages, exit status, and the files afterwards."""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from .conftest import CACHE

pytestmark = pytest.mark.reference

PACKAGES = {"sid": ("apparmor-utils", "python3-apparmor"), "bookworm": ("python3-libapparmor",)}
#: starts one of the programs with a folder of its own in the place of /etc/apparmor
DRIVER = """
import runpy, sys
conf, program = sys.argv[1:3]
sys.argv = [program, *sys.argv[3:]]
import apparmor.aa as aa
inner = aa.init_aa
aa.init_aa = lambda profiledir=None, confdir=None: inner(confdir=conf, profiledir=profiledir)
runpy.run_path(program, run_name="__main__")
"""
FILES = {
    "usr.bin.env": (
        "# the environment\nprofile env /usr/bin/env flags=(attach_disconnected) {\n  /usr/share/env/** r,\n\n"
        "  profile filter {\n    /x r,\n  }\n\n  ^hat {\n    /y r,\n  }\n}\n"
    ),
    "usr.bin.id": "/usr/bin/id {\n  /z r,\n}\n\nprofile plain flags=(complain) {\n  /q r,\n}\n",
    "modes": (
        "profile killer /usr/bin/nice flags=(kill, attach_disconnected) {\n  /x r,\n}\n"
        "profile quiet /usr/bin/nohup flags=(complain) { # why\n  /x r,\n}\n"
        "profile asks /usr/bin/tac flags=(prompt) {\n  /x r,\n}\n"
    ),
}
LINES = """
aa-complain env
aa-complain /usr/bin/env
aa-complain ./usr.bin.env
aa-complain usr.bin.env
aa-complain /usr/bin/id
aa-complain ./usr.bin.id
aa-complain plain
aa-complain /etc/passwd
aa-complain /usr/bin/wc
aa-complain ./modes
aa-complain /usr/bin/nice
aa-complain env plain
aa-complain --profile plain
aa-complain --profile killer
aa-complain --profile-file ./modes
aa-disable --profile-file ./modes
aa-enforce --profile-file ./modes
aa-complain --executable-file /usr/bin/nohup
aa-enforce ./usr.bin.id
aa-enforce /usr/bin/id
aa-enforce plain
aa-enforce ./modes
aa-enforce /usr/bin/tac
aa-enforce --profile quiet
aa-disable env
aa-disable ./modes ./usr.bin.id
aa-disable --profile plain
aa-complain
aa-complain --bogus x
""".strip().splitlines()


@pytest.fixture(scope="session")
def utils(debian: Callable[[str, str], list[str]]) -> Path:
    """The programs of Debian's apparmor-utils 5.0, and a libapparmor for this host's own Python."""
    python = Path("/usr/bin/python3.11")
    if not python.exists():
        pytest.skip("no Python 3.11 of Debian's own here, for which its libapparmor module is made")
    place = CACHE / "utils"
    for suite, packages in PACKAGES.items():
        debian(suite, "aa-enabled")
        folder = place / suite
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "usr").is_dir():
            env = {**os.environ, "APT_CONFIG": str(CACHE / f"apt-{suite}/apt.conf")}
            command = ["apt-get", "-qq", "download", *packages]
            done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"no {', '.join(packages)} of Debian {suite} here: {done.stderr.strip()[-200:]}")
            for package in folder.glob("*.deb"):
                subprocess.run(["dpkg", "-x", package, folder], check=True)
    for suite, package in (("sid", "apparmor"), ("bookworm", "LibAppArmor")):
        link = place / package
        if not link.is_symlink():
            link.symlink_to(place / suite / "usr/lib/python3/dist-packages" / package)
    return place


def policy(folder: Path, links: tuple[str, ...]) -> Path:
    place = folder / "apparmor.d"
    for below in ("disable", "force-complain"):
        (place / below).mkdir(parents=True)
    for name, text in FILES.items():
        (place / name).write_text(text)
    for link in links:
        (place / link).symlink_to(place / Path(link).name)
    return place


Outcome = tuple[int, str, str, dict[str, str]]


def outcome(command: list[str], line: str, place: Path, env: dict[str, str], run: Any = None) -> Outcome:
    """The exit status, both outputs, and every file and link of the folder. `run`: where a kernel is seen."""
    program, *arguments = line.split()
    words = [word.replace("./", f"{place}/") for word in arguments]
    argv = [part.replace("PROGRAM", program) for part in command]
    options = ["-d", str(place), *([] if run else ["--no-reload"])]
    alone = partial(subprocess.run, capture_output=True, check=False)
    done = (run or alone)([*argv, *options, *words], env=env, text=True)
    left = {}
    for path in sorted(place.rglob("*")):
        if path.is_symlink():
            left[str(path.relative_to(place))] = os.readlink(path).replace(str(place), ".")
        elif path.is_file():
            left[str(path.relative_to(place))] = path.read_text()
    return done.returncode, done.stdout.replace(str(place), "."), done.stderr, left


def messages(text: str) -> list[str]:
    """Without a warning that is wrong: every profile with a name and a program is said to have several programs."""
    return [line for line in text.splitlines() if not line.endswith("represents multiple programs") and line]


def installed(utils: Path, folder: Path, parser: str) -> tuple[list[str], dict[str, str]]:
    """How Debian's programs are started, with what they take for apparmor_parser."""
    settings = folder / "conf"
    settings.mkdir()
    (settings / "logprof.conf").write_text(f"[settings]\n  parser = {parser}\n[required_hats]\n")
    driver = folder / "driver.py"
    driver.write_text(DRIVER)
    theirs = ["/usr/bin/python3.11", str(driver), str(settings), str(utils / "sid/usr/sbin/PROGRAM")]
    return theirs, {"PATH": os.environ["PATH"], "PYTHONPATH": str(utils), "LC_ALL": "C.UTF-8"}


@pytest.mark.parametrize("line", LINES)
def test_messages_status_and_files_are_debians(line: str, utils: Path, tmp_path: Path) -> None:
    # The parser is only looked for.
    theirs, env = installed(utils, tmp_path, "/bin/true")
    # Of a file that is named both drop the links; theirs keeps them, and with them its mode, where a profile is.
    links = ("disable/modes", "force-complain/usr.bin.id") if " ./" in line and "--" not in line else ()
    reference = outcome(theirs, line, policy(tmp_path / "theirs", links), env)
    ours = [sys.executable, "-m", "dockarmor", "PROGRAM"]
    own = outcome(ours, line, policy(tmp_path / "ours", links), dict(os.environ))
    assert (own[0], own[3]) == (reference[0], reference[3])
    assert messages(own[1]) == messages(reference[1])
    if reference[0] == 0:
        assert (own[2], messages(reference[2])) == ("", [])


#: what is loaded again or removed, by the name that is in the kernel's file last
RELOADED = {
    "aa-complain env": ("-r", "usr.bin.env"),
    "aa-complain ./usr.bin.id": ("-r", "usr.bin.id"),
    "aa-complain --profile killer": ("-r", "modes"),
    "aa-enforce plain": ("-r", "usr.bin.id"),
    "aa-disable --profile plain": ("-R", "usr.bin.id"),
    "aa-disable env": ("-R", "usr.bin.env"),
    "aa-complain /usr/bin/wc": (),
}


@pytest.mark.parametrize("works", [True, False])
@pytest.mark.parametrize("line, done", RELOADED.items())
def test_so_they_are_where_a_kernel_is_told(
    line: str, done: tuple[str, ...], works: bool, utils: Path, tmp_path: Path, faked_host: Any, inside: Any
) -> None:
    """Theirs calls a parser that only writes down what it is to do; ours writes to the faked kernel's files."""
    (faked_host.proc / "filesystems").write_text("nodev\tsecurityfs\n")
    for name in ("env", "/usr/bin/id", "plain"):
        faked_host.profile(name)
    if not works:
        for name in (".replace", ".remove"):
            (faked_host.root / name).unlink()
            (faked_host.root / name).symlink_to("/dev/full")
    parser = tmp_path / "parser"
    parser.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/called\nexit {int(not works)}\n')
    parser.chmod(0o755)
    theirs, env = installed(utils, tmp_path, str(parser))
    reference = outcome(theirs, line, policy(tmp_path / "theirs", ()), env, inside)
    ours = [sys.executable, "-m", "dockarmor", "PROGRAM"]
    own = outcome(ours, line, policy(tmp_path / "ours", ()), dict(os.environ, DOCKARMOR_CACHE=str(tmp_path)), inside)
    assert (own[0], own[3]) == (reference[0], reference[3])
    assert own[0] == int(bool(done) and not works)
    assert messages(own[1]) == messages(reference[1])
    called = tmp_path / "called"
    words = called.read_text().split() if called.exists() else []
    assert [words[-2], Path(words[-1]).name] == list(done) if done else words == []
    if works:
        written = {
            "-r": (faked_host.root / ".replace").stat().st_size,
            "-R": (faked_host.root / ".remove").stat().st_size,
        }
        assert {option for option, size in written.items() if size} == set(done[:1])
