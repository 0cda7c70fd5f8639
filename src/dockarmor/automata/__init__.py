"""Byte patterns to comb tables: trie NFA, subset construction, minimisation, packing, walking, products.

This room knows nothing of what its patterns are for. A pattern carries an accept id; which value a set of
accept ids has is asked of the caller once per distinct set.

    trie.Trie ──determinise──▶ dfa.Dfa ──minimise──▶ dfa.Dfa ──pack──▶ tables.Tables ──walk, product

Modules with a .pxd beside them are compiled when a C compiler is there; the same .py is the reference.
"""

import os
import sys
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, FileFinder, SourceFileLoader


def _half_built(folder: str) -> bool:
    """Are only some of the modules compiled? They link to each other, so that would not load."""
    names = os.listdir(folder)
    compiled = {name.partition(".")[0] for name in names if name.endswith(tuple(EXTENSION_SUFFIXES))}
    wanted = {name.removesuffix(".pxd") for name in names if name.endswith(".pxd")}
    return bool(compiled) and not wanted <= compiled


for _folder in __path__:
    # The one switch that library code reads. Python's own finder prefers extension modules, so to run the
    # uncompiled sources this folder needs a finder that knows only them.
    if os.environ.get("DOCKARMOR_PURE") == "1" or _half_built(_folder):
        sys.path_importer_cache[_folder] = FileFinder(_folder, (SourceFileLoader, SOURCE_SUFFIXES))
