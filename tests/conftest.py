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
