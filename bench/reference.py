"""The other side: the reference parser, its policy folder, and the corpora beside the project."""

import os
import subprocess
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
CACHE = Path(os.environ.get("DOCKARMOR_CACHE", Path.home() / ".cache" / "dockarmor"))
FEATURES = "kernel-6.12"
OURS = ROOT / ".venv/bin/dockarmor"
FEATURES_FILE = ROOT / "src" / "dockarmor" / "data" / "features" / FEATURES


def reference_parser() -> Path | None:
    """A wrapper that runs it; None where the folder beside the project is missing."""
    tool = SHARED / "tools" / "reference-parser"
    if not tool.exists():
        return None
    done = subprocess.run(
        ["bash", str(tool), str(CACHE / "reference-parser")], capture_output=True, text=True, check=False
    )
    return Path(done.stdout.strip()) if done.returncode == 0 else None


def base_of(parser: Path) -> Path:
    """The policy folder of the parser's own distribution."""
    return parser.parent / "root-sid" / "etc" / "apparmor.d"


def unpack(corpus: str, folder: Path) -> None:
    with tarfile.open(SHARED / "corpus" / corpus) as tar:
        tar.extractall(folder, filter="data")


def policy_files(folder: Path) -> list[Path]:
    """The policy files of a corpus's folder, without those below."""
    found = (path for path in folder.iterdir() if path.is_file() and path.name != "README")
    return sorted(path for path in found if not path.name.startswith("."))
