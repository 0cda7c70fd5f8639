"""The lab's folder: what is prepared in it, and the machines that are started from it.

tools/            QEMU and the guest's programs, unpacked
kernels/NAME/     release, vmlinux, initrd (named by what they were made from), saved states
private/, up/     the folders of running machines, 0700
"""

import contextlib
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from dockarmor.kernel.lab import image
from dockarmor.kernel.lab.lab import Lab
from dockarmor.kernel.lab.machine import Machine, Recipe, running_pid, start, stop
from dockarmor.kernel.lab.packages import KERNELS, Report, fetch_kernel, fetch_tools, machine_mirror, private_apt
from dockarmor.kernel.protocol import KernelError, KernelUnavailable

QEMU_MAJOR = 10
Folder = str | os.PathLike[str]


def prepare(names: Iterable[str], folder: Folder, report: Report) -> None:
    """Fetch, unpack and boot kernels once, and save their machines, so that `restore` takes under a second.

    What is there already is left alone. Raises KernelUnavailable when this host cannot.
    """
    folder = Path(folder)
    wanted = list(names)
    for name in wanted:
        _known(name)
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / "lock"):
        for name in wanted:
            _prepare_kernel(name, folder, report)
            recipe, saved = _recipe(name, folder)
            if not saved.is_file():
                report(f"booting Linux {name} once to save the running machine")
                _boot_and_save(recipe, saved, folder).close()


def restore(name: str, folder: Folder) -> Lab:
    """A private machine, restored from its saved state in under a second; it ends with `close`.

    Falls back to a cold boot, and saves anew, when the state does not restore. Raises KernelUnavailable when
    the kernel is not prepared.
    """
    folder = Path(folder)
    recipe, saved = _recipe(name, folder)
    if saved.is_file():
        try:
            return Lab(name, start(recipe, _new_folder(folder / "private"), saved=saved))
        except KernelError:
            saved.unlink(missing_ok=True)
    machine = _boot_and_save(recipe, saved, folder)
    if not saved.is_file():
        return Lab(name, machine)
    machine.close()
    return Lab(name, start(recipe, _new_folder(folder / "private"), saved=saved))


def up(name: str, folder: Folder) -> Lab:
    """Start a machine that lasts until `down`, unless it runs already, and connect to it."""
    folder = Path(folder)
    recipe, saved = _recipe(name, folder)
    with _locked(folder / "lock"):
        place = folder / "up" / name
        if running_pid(place) is not None:
            return attach(name, folder)
        shutil.rmtree(place, ignore_errors=True)
        machine = start(recipe, place, saved=saved if saved.is_file() else None, lasting=True)
        machine.disconnect()
        return attach(name, folder)


def attach(name: str, folder: Folder) -> Lab:
    """Connect to a lasting machine; `close` leaves it running. Raises KernelUnavailable when it is not up.

    One connection is served at a time: a second one waits for the first.
    """
    folder = Path(folder)
    place = folder / "up" / _known(name)
    if running_pid(place) is None:
        raise KernelUnavailable(f"no lab machine {name} is running; start it with `dockarmor lab up {name}`")
    return Lab(name, Machine(place, None))


def down(name: str, folder: Folder) -> None:
    """End a lasting machine; its policy is gone with it. Nothing is done when it does not run."""
    folder = Path(folder)
    stop(folder / "up" / _known(name))


def running(folder: Folder) -> Sequence[str]:
    """The names of the lasting machines that run."""
    folder = Path(folder)
    return [name for name in KERNELS if running_pid(folder / "up" / name) is not None]


def available(folder: Folder) -> Sequence[str]:
    """The names of the kernels that are prepared."""
    folder = Path(folder)
    return [name for name in KERNELS if (folder / "kernels" / name / "release").is_file()]


def release(name: str, folder: Folder) -> str:
    """The full release of a prepared kernel, as in 6.12.118+deb13-cloud-amd64."""
    folder = Path(folder)
    try:
        return (folder / "kernels" / _known(name) / "release").read_text().strip()
    except FileNotFoundError as error:
        raise KernelUnavailable(f"kernel {name} is not prepared; run `dockarmor lab prepare {name}`") from error


def _known(name: str) -> str:
    if name not in KERNELS:
        raise KernelUnavailable(f"the lab knows no kernel {name!r}; it knows {', '.join(KERNELS)}")
    return name


def _prepare_kernel(name: str, folder: Path, report: Report) -> None:
    if os.uname().machine != "x86_64":
        raise KernelUnavailable(f"the lab's kernels are for x86_64, this machine is {os.uname().machine}")
    place = folder / "kernels" / name
    if not (place / "release").is_file():
        mirror = machine_mirror()
        tools = fetch_tools(folder, mirror, report)
        source = KERNELS[name]
        apt = private_apt(folder, source.suite, mirror, security=source.security)
        found, packages = fetch_kernel(apt, name, place / "packages", report)
        report(f"unpacking Linux {found}")
        bz_image, modules = image.kernel_files(packages)
        _write(place / "vmlinux", image.uncompress_kernel(image.kernel_payload(bz_image), tools))
        _write(place / "modules.cpio", image.modules_archive(modules))
        shutil.rmtree(place / "packages")
        _write(place / "release", found.encode())
    initrd = _initrd(place)
    if not initrd.is_file():
        for old in (*place.glob("initrd-*"), *place.glob("state-*")):
            old.unlink()
        tools = folder / "tools"
        _write(initrd, image.base_archive(tools, folder) + (place / "modules.cpio").read_bytes())


def _initrd(place: Path) -> Path:
    return place / f"initrd-{image.guest_digest()}.cpio"


def _recipe(name: str, folder: Path) -> tuple[Recipe, Path]:
    """The machine of a prepared kernel and the file of its saved state (which need not exist)."""
    found = release(name, folder)
    place = folder / "kernels" / name
    initrd = _initrd(place)
    if not initrd.is_file():
        raise KernelUnavailable(f"kernel {name} was prepared by another version; run `dockarmor lab prepare {name}`")
    qemu, version = _qemu(folder / "tools")
    recipe = Recipe(qemu, place.resolve() / "vmlinux", initrd.resolve())
    key = hashlib.sha256("\0".join([version, found, *recipe.command()]).encode()).hexdigest()[:16]
    return recipe, place.resolve() / f"state-{key}"


def _qemu(tools: Path) -> tuple[tuple[str, ...], str]:
    """The argv head of a QEMU >= 10 and its version line: the machine's own, else the unpacked one."""
    own = shutil.which("qemu-system-x86_64")
    if own is not None and (version := _version((own,))):
        return (own,), version
    share = (tools / "usr/share").resolve()
    unpacked = (
        *image.packaged(tools.resolve(), "qemu-system-x86_64"),
        *("-L", str(share / "qemu"), "-L", str(share / "seabios")),
    )
    if version := _version(unpacked):
        return unpacked, version
    raise KernelUnavailable(f"no QEMU {QEMU_MAJOR} or newer here, and the unpacked one does not start")


def _version(argv: tuple[str, ...]) -> str:
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run([*argv, "--version"], capture_output=True, timeout=30, check=False)
        line = done.stdout.decode("utf-8", "replace").partition("\n")[0]
        found = re.search(r"version (\d+)\.", line)
        if found and int(found[1]) >= QEMU_MAJOR:
            return line
    return ""


def _boot_and_save(recipe: Recipe, saved: Path, folder: Path) -> Machine:
    machine = start(recipe, _new_folder(folder / "private"))
    with contextlib.suppress(KernelError):
        machine.save(saved)
    return machine


def _new_folder(parent: Path) -> Path:
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in parent.iterdir():  # of clients that were killed
        if (old / "pid").is_file() and running_pid(old) is None:
            shutil.rmtree(old, ignore_errors=True)
    return parent / secrets.token_hex(8)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    part.write_bytes(content)
    part.rename(path)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One at a time; the lock is gone with its process."""
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
