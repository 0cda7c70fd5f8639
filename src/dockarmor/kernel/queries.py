"""Random `.access` queries that go where a profile's rules are, to compare two kernels with each other."""

from random import Random

from dockarmor.access.confinement import Automaton
from dockarmor.access.mediation import Mediation
from dockarmor.compile.compiled import CompiledProfile
from dockarmor.kernel.protocol import Query
from dockarmor.text.regex import regex

#: longest string that is made up
MAX_LENGTH = 200
#: class bytes beyond the known ones, to see that both kernels say nothing about them too
_STRANGE = (0, 1, 8, 33, 255)
#: bytes that names seldom have
_UNPLAIN = regex(rb"[^!-~]+")


def generate(profile: CompiledProfile, count: int, seed: int, *, label: str | None = None) -> list[Query]:
    """`count` queries, the same for the same seed. `label` is the name under which the profile is loaded.

    A string is a walk through the profile's own automaton that takes each way out of a state as likely as any
    other, so literals are followed as often as globs; some are cut, bent or lengthened afterwards.
    """
    rng = Random(seed)
    label = label if label is not None else profile.name
    known = [int(mediation) for mediation in Mediation if mediation is not Mediation.FILE]
    mediated = [mediation for mediation in known if profile.policy and profile.policy.class_start(mediation)]
    file = _Walker(profile.file, rng) if profile.file else None
    policy = _Walker(profile.policy, rng) if profile.policy else None
    queries = []
    for _ in range(count):
        if rng.random() < 0.5 or not mediated:
            mediation = int(Mediation.FILE)
            string = file.string(file.start, nuls=0.9) if file else b"/etc/passwd"
        else:
            mediation = rng.choice(mediated if rng.random() < 0.95 else (*known, *_STRANGE))
            string = policy.string(policy.after(mediation)) if policy else b""
        queries.append(Query(label, mediation, _bent(string, rng)))
    return queries


def _bent(string: bytes, rng: Random) -> bytes:
    """The string, or one near it."""
    place = rng.randrange(len(string) + 1)
    match rng.randrange(8):
        case 0:
            return string[:place]
        case 1:
            return string[:place] + bytes((rng.randrange(256),)) + string[place:]
        case 2:
            return string[:place] + bytes((rng.randrange(256),)) + string[place + 1 :]
        case 3:
            return string + rng.choice((b"\0", b"/", b"x", b"\0/etc/passwd", b"\0\0\x02"))
    return string


class _Walker:
    """Random walks through one automaton. The ways out of a state are found once."""

    def __init__(self, table: Automaton, rng: Random) -> None:
        self._table = table
        self._rng = rng
        self._ways: dict[int, list[bytes]] = {}
        self.start = table.start()

    def after(self, mediation: int) -> int:
        return self._table.class_start(mediation)

    def string(self, state: int, nuls: float = 0.0) -> bytes:
        """Bytes that lead from a state to live ones, till chance or a dead end stops them.

        `nuls`: how often a NUL, which ends a path and begins the second half of a pair, is passed over.
        """
        found = bytearray()
        while state and len(found) < MAX_LENGTH:
            ways = self._ways_out(state)
            if not ways or self._rng.random() < 0.02:
                break
            way = self._rng.choice(ways)
            if way == b"\0" and self._rng.random() < nuls:
                continue
            plain = _UNPLAIN.sub(b"", way) if self._rng.random() < 0.9 else b""
            byte = self._rng.choice(plain or way)
            found.append(byte)
            state = self._table.walk(state, bytes((byte,)))
        return bytes(found)

    def _ways_out(self, state: int) -> list[bytes]:
        """The live successors of a state, each by the bytes that lead to it."""
        ways = self._ways.get(state)
        if ways is None:
            by_target: dict[int, bytearray] = {}
            for byte in range(256):
                target = self._table.walk(state, bytes((byte,)))
                if target:
                    by_target.setdefault(target, bytearray()).append(byte)
            ways = self._ways[state] = [bytes(group) for group in by_target.values()]
        return ways
