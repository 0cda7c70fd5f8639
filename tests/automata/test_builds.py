"""The compiled core and the plain Python sources are one: same results, byte for byte."""

import os
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest
from pattern_oracle import random_patterns

from dockarmor import automata

FOLDER = Path(automata.__path__[0])
COMPILED = sorted(path.name.partition(".")[0] for path in FOLDER.glob("*.so"))

_PROGRAM = """
import hashlib, sys
sys.path.insert(0, {tests!r})
from pattern_oracle import bits, random_patterns, trie_of
from dockarmor.automata import subset, walk
from dockarmor.automata.minimise import minimise
from dockarmor.automata.pack import pack
from dockarmor.automata.product import combine, difference
from dockarmor.automata.determinise import determinise
from dockarmor.automata.walk import expand, verify, walk_many
print(subset.__file__.endswith(".py"), file=sys.stderr)

def show(dfa):
    parts = (dfa.defaults, dfa.offsets, dfa.columns, dfa.targets, dfa.values)
    print(hashlib.sha256(dfa.classes + b"".join(part.tobytes() for part in parts)).hexdigest())

last = None
for seed in range(6):
    trie = trie_of(random_patterns(seed, 4 * seed))
    for covered in (None, bits):
        dfa = determinise(trie, lambda accepts: len(accepts) << 8 | min(accepts, default=0), covered)
        show(dfa)
        small = minimise(dfa)
        show(small)
    for differential in (False, True):
        for classes in (False, True):
            tables = pack(small, differential=differential, classes=classes)
            verify(tables)
            for table in (tables.base, tables.default, tables.next, tables.check):
                print(hashlib.sha256(table.tobytes()).hexdigest())
            show(expand(tables))
    if last is not None:
        show(combine(small, last, max))
        tables, others = pack(small), pack(last)
        print(difference(tables, small.values, others, last.values))
    last = small
"""


def run(pure: bool) -> tuple[str, bool]:
    environment = {**os.environ, "DOCKARMOR_PURE": "1" if pure else "0"}
    program = _PROGRAM.format(tests=str(Path(__file__).parent))
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr.strip() == "True"


def test_both_builds_give_the_same_bytes() -> None:
    if not COMPILED:
        pytest.skip("there is no compiled core here")
    compiled, compiled_is_pure = run(pure=False)
    pure, pure_is_pure = run(pure=True)
    assert (compiled_is_pure, pure_is_pure) == (False, True)
    assert compiled == pure
    assert len(compiled.splitlines()) > 100


def test_every_module_with_a_pxd_is_compiled() -> None:
    if not COMPILED:
        pytest.skip("there is no compiled core here")
    assert {path.stem for path in FOLDER.glob("*.pxd")} == set(COMPILED) - {"_views"}


def test_half_a_build_is_no_build(tmp_path: Path) -> None:
    """A module that did not compile must not keep the rest from working."""
    for path in FOLDER.iterdir():
        if path.suffix in (".py", ".pxd"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    suffix = EXTENSION_SUFFIXES[0]
    (tmp_path / f"walk{suffix}").write_bytes(b"not a library")
    program = (
        "import importlib.util as u, sys\n"
        f"spec = u.spec_from_file_location('core', {str(tmp_path / '__init__.py')!r}, "
        f"submodule_search_locations=[{str(tmp_path)!r}])\n"
        "core = u.module_from_spec(spec); sys.modules['core'] = core; spec.loader.exec_module(core)\n"
        "import core.walk; print(core.walk.__file__)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == str(tmp_path / "walk.py"), done.stderr


def test_the_patterns_of_these_tests_are_of_some_size() -> None:
    assert len(set(random_patterns(5, 20))) > 15
