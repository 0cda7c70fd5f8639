"""Byte patterns to comb tables: trie NFA, subset construction, minimisation, packing, walking, products.

This room knows nothing of what its patterns are for. A pattern carries an accept id; which value a set of
accept ids has is asked of the caller once per distinct set.

    trie.Trie ──subset.determinise──▶ dfa.Dfa ──minimise──▶ dfa.Dfa ──pack──▶ tables.Tables ──walk, product

Modules with a .pxd beside them are compiled when a C compiler is there; the same .py is the reference.
"""

import os
import sys
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, SourceFileLoader

if os.environ.get("DOCKARMOR_PURE") == "1":
    # The one switch that library code reads: Python's own finder prefers extension modules, so to run the
    # uncompiled sources this folder needs a finder that knows only them.
    for _folder in __path__:
        sys.path_importer_cache[_folder] = FileFinder(_folder, (SourceFileLoader, SOURCE_SUFFIXES))
