"""Puts this folder on the path: its tests share one oracle, `pattern_oracle.py`."""

import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

# Wall time says nothing here: uncompiled and on a busy machine one example may take a second.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
