"""From policy text to a compiled policy, by us and by the reference parser."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dockarmor.compile.compiled import CompiledPolicy
from dockarmor.compile.pipeline import Built, Options, compile_policy
from dockarmor.compile.reader import read_blob
from dockarmor.policy.features import builtin
from dockarmor.policy.includes import Library
from dockarmor.policy.read import library, read_text, require
from dockarmor.text.source import Source

Build = Callable[..., Built]
Reference = Callable[..., CompiledPolicy]


@pytest.fixture(scope="session")
def build() -> Build:
    """build(text, features="kernel-7.2", base=…, options=…): text to a blob."""
    libraries: dict[str, Library] = {}

    def compiled(
        text: str, features: str = "kernel-7.2", base: Path | str = "/nowhere", options: Options | None = None
    ) -> Built:
        includes = libraries.setdefault(str(base), library(str(base)))
        policy = require(read_text(Source("policy", text), includes)).policy
        return compile_policy(policy, builtin(features), options=options)

    return compiled


@pytest.fixture(scope="session")
def reference(reference_parser: Path, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """reference(text, features, base=…): what apparmor_parser makes of the same."""
    folder = tmp_path_factory.mktemp("reference")

    def compiled(text: str, features: str = "kernel-7.2", base: Path | str = "/nowhere") -> CompiledPolicy:
        # a compressed blob says the same, and is not read here
        told = folder / features
        told.write_text(builtin(features).text().replace("compressed_load {yes\n}\n", ""))
        source, blob = folder / "policy", folder / "blob"
        source.write_text(text, encoding="latin-1")
        command = [reference_parser, "-QTK", "-M", told, "-b", base, "-o", blob, source]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr
        return read_blob(blob.read_bytes())

    return compiled


@pytest.fixture
def reference_refuses(reference_parser: Path, tmp_path: Path) -> Callable[[str], str]:
    """reference_refuses(text): what apparmor_parser says of a policy that it does not compile."""

    def refused(text: str) -> str:
        told = tmp_path / "kernel-7.2"
        told.write_text(builtin("kernel-7.2").text().replace("compressed_load {yes\n}\n", ""))
        command = [reference_parser, "-QTK", "-M", told, "-o", tmp_path / "blob"]
        result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        assert result.returncode != 0
        return result.stderr

    return refused


@pytest.fixture(scope="session")
def own_base() -> Path:
    """The tunables and abstractions that the package brings along."""
    import dockarmor.data

    return Path(dockarmor.data.__file__).parent / "policy"
