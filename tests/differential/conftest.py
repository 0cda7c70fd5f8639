"""Puts this folder on the path: tests and the fuzzer share one grammar, and one way to compare verdicts."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
