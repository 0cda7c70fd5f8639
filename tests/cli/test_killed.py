"""kill -9 at any point of build, load, a cache write or an edit: what was there before is there, or all that is new.

Each run is a process of its own that is killed at a random time, or just before one of the steps that change files.
Then the next, whole run must give what a run gives that nobody disturbed.
"""

import os
import random
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from dockarmor.cli import kernel as chosen
from dockarmor.cli.main import main
from dockarmor.kernel.host.kernel import Host
from dockarmor.kernel.protocol import Query
from dockarmor.policy.features import builtin

#: what Python says of calls that change files (sys.audit)
STEPS = ("open", "os.rename", "os.remove", "os.mkdir", "os.utime", "os.truncate", "os.symlink", "os.chmod")
FILES = {
    "one": "profile one /bin/one {\n  include <known>\n  /one/** r,\n}\n",
    "two": "profile two /bin/two {\n  /two/{a,b,c}* rw,\n  profile child { /y r, }\n  ^hat { /z r, }\n}\n",
    "three": "profile three {\n  signal,\n  /x r,\n}\n",
}
#: what stands before: other profiles of two of these names, and one that goes nowhere
BEFORE = {"one": "profile one { /before r, }\n", "two": "profile two { /before r, }\n"}


class Place:
    """A folder in which the commands run; `state` says what of it counts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for below in ("base", "old", "policy", "cache", "state"):
            (folder / below).mkdir(parents=True)
        (folder / "base/known").write_text("/known r,\n")
        (folder / "features").write_text(builtin("kernel-6.12").text())
        for name, text in FILES.items():
            (folder / "policy" / name).write_text(text)
        for name, text in BEFORE.items():
            (folder / "old" / name).write_text(text)

    def files(self, *names: str) -> dict[str, bytes]:
        return {name: (self.folder / name).read_bytes() for name in names if (self.folder / name).exists()}


class Build:
    """A blob, and dockarmor's own cache."""

    command: tuple[str, ...] = ("build", "policy", "--base", "base", "-o", "out")

    def before(self, place: Place) -> None:
        (place.folder / "out").write_bytes(b"before")

    def state(self, place: Place) -> object:
        return place.files("out")


class LoadEmbedded:
    """The embedded kernel's loaded policy."""

    command: tuple[str, ...] = ("load", "--kernel", "embedded", "--base", "base", "policy")

    def before(self, place: Place) -> None:
        assert main(["load", "--kernel", "embedded", "--no-cache", "old"]) == 0

    def state(self, place: Place) -> object:
        kernel = chosen.embedded()
        found = kernel.profiles()
        asked = kernel.access([Query(one.name, 2, b"/x") for one in found])  # which reads each one's bytes
        return [(one.name, one.mode, one.hash) for one in found], asked


class LoadHost:
    """A securityfs of plain files. A kernel takes a write whole; a plain file does where it is less than a page."""

    command: tuple[str, ...] = ("load", "--kernel", "host", "small")

    def before(self, place: Place) -> None:
        (place.folder / "host/apparmor/features/policy").mkdir(parents=True)
        (place.folder / "host/apparmor/features/policy/set_load").write_text("yes\n")
        (place.folder / "host/apparmor/.replace").write_bytes(b"")
        (place.folder / "small").mkdir()
        for name in ("c1", "c2", "c3"):
            (place.folder / "small" / name).write_text(f"profile {name} {{ capability chown, }}\n")

    def state(self, place: Place) -> object:
        data = (place.folder / "host/apparmor/.replace").read_bytes()
        assert len(data) < 4096
        return data


class ParserCache:
    """libapparmor's cache: only names of policy files and `.features` count, those are all that anybody opens."""

    command: tuple[str, ...] = (
        *("apparmor_parser", "--config-file=/dev/null", "-M", "features", "-b", "base"),
        *("-QW", "-L", "kept", "policy"),
    )

    def before(self, place: Place) -> None:
        pass

    def state(self, place: Place) -> object:
        (folder,) = place.folder.glob("kept/*") if any(place.folder.glob("kept/*")) else (place.folder / "none",)
        return {name: (folder / name).read_bytes() for name in (*FILES, ".features") if (folder / name).exists()}


class Edit:
    """A policy file whose mode changes."""

    command: tuple[str, ...] = ("aa-complain", "-d", "policy", "--no-reload", "two")

    def before(self, place: Place) -> None:
        pass

    def state(self, place: Place) -> object:
        return place.files("policy/two")


SCENARIOS = [Build, LoadEmbedded, LoadHost, ParserCache, Edit]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Place]:
    """A new folder with what stands before, entered."""
    count = iter(range(10**6))

    def new(scenario: Any) -> Place:
        place = Place(tmp_path / str(next(count)))
        monkeypatch.chdir(place.folder)
        monkeypatch.setenv("DOCKARMOR_STATE", str(place.folder / "state"))
        monkeypatch.setenv("DOCKARMOR_CACHE", str(place.folder / "cache"))
        host = Host(str(place.folder / "host"), str(place.folder), str(place.folder))
        monkeypatch.setattr(chosen, "host", lambda: host)
        scenario.before(place)
        return place

    return new


def run(command: Sequence[str], *, seconds: float | None = None, step: int | None = None) -> bool:
    """Run a command in a process of its own, killed after so long or at this step. Was it?"""
    child = os.fork()
    if child == 0:
        try:
            silence = os.open(os.devnull, os.O_RDWR)
            for stream in (1, 2):
                os.dup2(silence, stream)
            if step is not None:
                _die_at(step)
            status = main(list(command))
        except BaseException:
            status = 99
        os._exit(status)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status)
    assert killed or os.WEXITSTATUS(status) == 0
    return killed


def _die_at(step: int) -> None:
    """In this process: kill it before the call of this number that changes files."""
    left, own = step, os.getpid()

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event not in STEPS:
            return
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)):
            return
        left -= os.getpid() == own
        if left < 0 and os.getpid() == own:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def part_of(state: Any, before: Any, after: Any) -> bool:
    """The old state or the new one; of files that come one by one each is whole."""
    if state in (before, after):
        return True
    if not isinstance(state, dict):
        return False
    return all(value in (before.get(name), after.get(name)) for name, value in state.items())


class Judge:
    """Knows what an undisturbed run makes, and how long it takes."""

    def __init__(self, scenario: Any, make: Callable[[Any], Place]) -> None:
        self.scenario, self.make = scenario, make
        place = make(scenario)
        self.before = scenario.state(place)
        start = time.monotonic()
        assert not run(scenario.command)
        self.seconds = time.monotonic() - start
        self.after = scenario.state(place)
        assert self.after != self.before

    def kill(self, **when: Any) -> bool:
        place = self.make(self.scenario)
        killed = run(self.scenario.command, **when)
        assert part_of(self.scenario.state(place), self.before, self.after), when
        assert not run(self.scenario.command)
        assert self.scenario.state(place) == self.after, when
        return killed


def _at_random_times(scenario: Any, make: Any, times: int) -> None:
    judge = Judge(scenario, make)
    chance = random.Random(9)
    for _ in range(times):
        judge.kill(seconds=chance.random() * judge.seconds * 1.1)


@pytest.mark.parametrize("scenario", [one() for one in SCENARIOS], ids=lambda one: type(one).__name__)
def test_killed_a_few_times(scenario: Any, make: Any) -> None:
    _at_random_times(scenario, make, 4)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", [one() for one in SCENARIOS], ids=lambda one: type(one).__name__)
def test_killed_two_hundred_times_in_all(scenario: Any, make: Any) -> None:
    _at_random_times(scenario, make, 200 // len(SCENARIOS))


@pytest.mark.slow
@pytest.mark.parametrize("scenario", [one() for one in SCENARIOS], ids=lambda one: type(one).__name__)
def test_killed_before_each_step(scenario: Any, make: Any) -> None:
    judge = Judge(scenario, make)
    step = 0
    while judge.kill(step=step):
        step += 1
    assert step > 1
