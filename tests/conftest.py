"""Where the oracles and the data are; a test that lacks one skips and says so."""

import os
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import settings

# Timings never decide a test: a busy machine is no counterexample.
settings.register_profile("dockarmor", deadline=None)
settings.load_profile("dockarmor")

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
CACHE = Path(os.environ.get("DOCKARMOR_CACHE", Path.home() / ".cache" / "dockarmor"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder beside the project that holds corpora, facts and tools."""
    if not SHARED.is_dir():
        pytest.skip("the shared folder is not beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def corpus(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All corpora, unpacked once per run."""
    folder = tmp_path_factory.mktemp("corpus")
    for archive in sorted((shared / "corpus").glob("*.tar.xz")):
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="session")
def reference_parser(shared: Path) -> Path:
    """Debian's newest packaged apparmor_parser, unpacked into the cache (once)."""
    tool = shared / "tools" / "reference-parser"
    result = subprocess.run(
        ["bash", str(tool), str(CACHE / "reference-parser")], capture_output=True, text=True, check=False
    )
    if result.returncode:
        pytest.skip(f"no reference parser here: {result.stderr.strip()[-200:]}")
    return Path(result.stdout.strip())


@pytest.fixture(scope="session")
def reference_base(reference_parser: Path) -> Path:
    """Debian's own tunables and abstractions that belong to the reference parser."""
    return reference_parser.parent / "root-sid" / "etc" / "apparmor.d"


class FakedHost:
    """The files of an AppArmor host in a folder: what its kernel would show, as plain files.

    `sys` and `proc` stand for these folders; `root` is what the kernel puts under apparmor/ of a securityfs.
    """

    def __init__(self, folder: Path) -> None:
        self.sys, self.proc = folder / "sys", folder / "proc"
        self.securityfs = self.sys / "kernel/security"
        self.root = self.securityfs / "apparmor"
        self.parameters = self.sys / "module/apparmor/parameters"
        for place in (
            self.parameters,
            self.proc / "self",
            self.root / "policy/profiles",
            self.root / "features/file",
        ):
            place.mkdir(parents=True)
        (self.parameters / "enabled").write_text("Y\n")
        (self.parameters / "lock_policy").write_text("N\n")
        (self.root / "features/file/mask").write_text("create read write\n")
        for name in (".load", ".replace", ".remove", "profiles"):
            (self.root / name).write_text("")
        self.mount(str(self.securityfs))

    def mount(self, place: str) -> None:
        """Say where the securityfs is mounted."""
        line = f"securityfs {place} securityfs rw,nosuid 0 0\n" if place else ""
        (self.proc / "mounts").write_text("proc /proc proc rw 0 0\n" + line)

    def profile(self, name: str, mode: str = "enforce", *, children: tuple[str, ...] = (), **files: str) -> Path:
        """A loaded profile of the first namespace, in the list and in a folder of its own."""
        folder = self._folder(self.root / "policy/profiles", name, mode, files)
        for child in children:
            self._folder(folder / "profiles", child, mode, {}, f"{name}//{child}")
        return folder

    def _folder(self, where: Path, name: str, mode: str, files: dict[str, str], listed: str = "") -> Path:
        with open(self.root / "profiles", "a", encoding="latin-1") as file:
            file.write(f"{listed or name} ({mode})\n")
        mangled = name.lstrip("/.").replace("/", ".").replace(" ", "_")
        folder = where / f"{mangled}.{len(list(where.glob('*')))}"
        folder.mkdir(parents=True)
        for key, value in {"name": name, "mode": mode, **files}.items():
            (folder / key).write_text(value + "\n", encoding="latin-1")
        return folder

    def task(self, pid: int, label: str, executable: str, *, file: str = "attr/apparmor/current") -> None:
        """A process: what its label file says, and where its `exe` leads; without `executable`, a kernel thread."""
        place = self.proc / str(pid) / file
        place.parent.mkdir(parents=True)
        place.write_text(label + "\n", encoding="latin-1")
        if executable:
            (self.proc / str(pid) / "exe").symlink_to(executable)


@pytest.fixture
def faked_host(tmp_path: Path) -> FakedHost:
    """A host with AppArmor on and nothing loaded."""
    return FakedHost(tmp_path / "host")
