"""Builds the compiled core: every automata module that has a .pxd beside it.

The extension is optional: without a C compiler the same .py files run uncompiled, slower.
"""

from pathlib import Path

from setuptools import Extension, setup


def compiled_core() -> list[Extension]:
    try:
        from Cython.Build import cythonize
    except ImportError:
        return []
    room = Path("src/dockarmor/automata")
    modules = sorted(path.with_suffix(".py") for path in room.glob("*.pxd"))
    if not modules:
        return []
    extensions = [
        Extension(
            f"dockarmor.automata.{path.stem}",
            [str(path)],
            extra_compile_args=["-O2", "-g0"],
            optional=True,
        )
        for path in modules
    ]
    built: list[Extension] = cythonize(extensions, language_level=3, build_dir="build/cython")
    return built


setup(ext_modules=compiled_core())
