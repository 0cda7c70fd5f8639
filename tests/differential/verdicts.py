"""What we say of a policy, what the reference parser says, and in which kinds of difference the two fall."""

import re
import subprocess
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from dockarmor.compile.pipeline import compile_policy
from dockarmor.policy.features import FeatureSet
from dockarmor.policy.includes import Library
from dockarmor.policy.read import read_text
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Severity
from dockarmor.text.source import Source

#: seconds that the reference parser gets; some patterns make it run for minutes
PATIENCE = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason`: of a refusal, a code of ours or the reference's message."""

    accepted: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`theirs` is None where the reference parser ran out of time."""

    text: str
    ours: Verdict
    theirs: Verdict | None

    @property
    def agrees(self) -> bool:
        return self.theirs is None or self.ours.accepted == self.theirs.accepted

    @property
    def cause(self) -> str:
        """One line that is the same for differences of one kind."""
        theirs = self.theirs.reason if self.theirs else "out of time"
        return f"ours: {self.ours.reason or 'accepted'} | theirs: {theirs or 'accepted'}"


@dataclass(frozen=True, slots=True)
class Reference:
    """The reference parser with a feature set and a base folder."""

    parser: Path
    features: Path
    base: Path

    def verdict(self, text: str) -> Verdict | None:
        command = [str(self.parser), "-QTK", "-M", str(self.features), "-b", str(self.base), "-o", "/dev/null"]
        try:
            done = subprocess.run(
                command,
                input=text.encode("latin-1"),
                capture_output=True,
                timeout=PATIENCE,
                check=False,
                cwd=self.base,
            )
        except subprocess.TimeoutExpired:
            return None
        if done.returncode == 0:
            return Verdict(True)
        return Verdict(False, _reason(done.stderr.decode("latin-1")) or f"exit {done.returncode}")


def our_verdict(text: str, includes: Library, features: FeatureSet) -> Verdict:
    resolved = read_text(Source("generated", text), includes)
    if resolved.failed:
        return Verdict(False, _code(resolved.diagnostics))
    try:
        compile_policy(resolved.policy, features)
    except DiagnosticError as error:
        return Verdict(False, _code(error.diagnostics))
    return Verdict(True)


def compare(
    texts: Iterable[str], reference: Reference, includes: Library, features: FeatureSet
) -> Iterator[Comparison]:
    """Both verdicts on each text, in the order of the texts."""
    texts = list(texts)
    with ThreadPoolExecutor(4) as pool:
        for text, theirs in zip(texts, pool.map(reference.verdict, texts), strict=True):
            yield Comparison(text, our_verdict(text, includes, features), theirs)


def _code(diagnostics: Iterable[Diagnostic]) -> str:
    return next((f"{found.code} {found.message}" for found in diagnostics if found.severity is Severity.ERROR), "?")


def _reason(message: str) -> str:
    """The reference's first error, without what differs from text to text."""
    lines = [line for line in message.splitlines() if "rror" in line or "Lexer" in line or "nvalid" in line] or [
        message[:200]
    ]
    return re.sub(r"\d+", "N", re.sub(r"^AppArmor parser error.*?line \d+: ", "", lines[0]))
