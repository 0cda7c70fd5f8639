"""Patterns that explode are given up early, with the reason."""

import resource
import subprocess
import sys
import time

import pytest
from pattern_oracle import trie_of

from dockarmor.automata import subset
from dockarmor.automata.determinise import determinise
from dockarmor.automata.limits import LimitExceeded, Limits

COMPILED = not subset.__file__.endswith(".py")

BLOW_UPS = {
    "letters at a distance": [b".*a" + b"." * 30],
    "many globs": [b"[^\\x00]*%c[^\\x00]*%c[^\\x00]*" % (97 + i, 97 + j) for i in range(12) for j in range(12)],
    "a long tail": [b"[^\\x00]*[a-m]" + b"[a-z]" * 40],
    "many stars": [b"".join(b"[%c-z]*" % (97 + i % 20) for i in range(4000))],
    "many groups": [b"(a*b*|c*d*|)" * 3000],
}


@pytest.mark.parametrize(
    "limits, limit",
    [
        (Limits(states=500), "states"),
        (Limits(items=500), "items"),
        (Limits(transitions=500), "transitions"),
    ],
)
def test_each_limit_is_named(limits: Limits, limit: str) -> None:
    given = [*BLOW_UPS["letters at a distance"], b"x"]
    with pytest.raises(LimitExceeded) as caught:
        determinise(trie_of(given), len, limits=limits)
    assert (caught.value.limit, caught.value.value) == (limit, 500)


def test_culprits_are_the_patterns_that_explode() -> None:
    given = [b"/usr/bin/[a-z]*", b"/etc/passwd", b".*a" + b"." * 30, b"/lib/[^\\x00]*"]
    with pytest.raises(LimitExceeded) as caught:
        determinise(trie_of(given), len, limits=Limits(states=2000))
    assert caught.value.culprits[0] == 2


_PROGRAM = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (512 << 20, 512 << 20))
sys.path.insert(0, {folder!r})
from test_limits import BLOW_UPS, trie_of, LimitExceeded, determinise
try:
    determinise(trie_of(BLOW_UPS[{name!r}]), len)
except LimitExceeded as error:
    print("given up:", error)
else:
    print("done")
"""


@pytest.mark.skipif(not COMPILED, reason="the default limits are made for the compiled core")
@pytest.mark.parametrize("name", BLOW_UPS)
def test_explosions_stay_within_5_seconds_and_512_mib(name: str) -> None:
    folder = __file__.rpartition("/")[0]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    program = _PROGRAM.format(folder=folder, name=name)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime - before.ru_utime < 5


def test_a_small_limit_is_quick() -> None:
    began = time.process_time()
    with pytest.raises(LimitExceeded):
        determinise(trie_of(BLOW_UPS["many globs"]), len, limits=Limits(states=300))
    assert time.process_time() - began < 5
