"""Builds the compiled core: every automata module that has a .pxd beside it.

The extension is optional: without a C compiler the same .py files run uncompiled, slower.
"""

from pathlib import Path

from setuptools import Extension, setup

ROOM = "dockarmor.automata"
#: Cython's code for typed arrays, compiled once instead of into every module (older Cythons cannot)
SHARED = f"{ROOM}._views"


def extension(name: str, source: Path) -> Extension:
    return Extension(name, [str(source)], extra_compile_args=["-O3", "-g0"])


def compiled_core() -> list[Extension]:
    try:
        from Cython import __version__ as cython
        from Cython.Build import cythonize
    except ImportError:
        return []
    room = Path("src/dockarmor/automata")
    modules = sorted(path.with_suffix(".py") for path in room.glob("*.pxd"))
    if not modules:
        return []
    extensions = [extension(f"{ROOM}.{path.stem}", path) for path in modules]
    options = {}
    if tuple(map(int, cython.split(".")[:2])) >= (3, 3):
        extensions.append(extension(SHARED, room / "_views.c"))
        options["shared_utility_qualified_name"] = SHARED
    built: list[Extension] = cythonize(extensions, language_level=3, build_dir="build/cython", **options)
    for one in built:
        one.optional = True  # set here because cythonize forgets it
    return built


setup(ext_modules=compiled_core())
