"""A source text and spans in it."""

from bisect import bisect_right

from dockarmor.value import field, frozen


@frozen(eq=False)
class Source:
    """One text: a file, standard input, or a built-in.

    `text` is latin-1: one character per byte. `name` is what diagnostics print.

    >>> Source.from_bytes("p", b"a\\nbc").position(3)
    (2, 2)
    """

    name: str
    text: str
    _starts: list[int] = field(default_factory=list, repr=False)

    @classmethod
    def from_bytes(cls, name: str, data: bytes) -> "Source":
        return cls(name, data.decode("latin-1"))

    def line_starts(self) -> list[int]:
        """Offsets at which lines begin; computed once, on first use (most sources never need it)."""
        if not self._starts:
            self._starts.append(0)
            at = self.text.find("\n")
            while at >= 0:
                self._starts.append(at + 1)
                at = self.text.find("\n", at + 1)
        return self._starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of a byte offset; columns count bytes."""
        starts = self.line_starts()
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line (from 1) without its newline."""
        starts = self.line_starts()
        end = starts[number] - 1 if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end]


@frozen
class Span:
    """A stretch of a source, `start` to `end` in bytes (end exclusive)."""

    source: Source
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    def part(self, text: str) -> "Span":
        """Where a text first stands in this stretch; all of it where it does not.

        >>> Span(Source("p", "deny /a r,"), 0, 10).part("/a").position
        (1, 6)
        """
        at = self.text.find(text)
        return self if at < 0 else Span(self.source, self.start + at, self.start + at + len(text))

    @property
    def position(self) -> tuple[int, int]:
        return self.source.position(self.start)

    def __str__(self) -> str:
        line, column = self.position
        return f"{self.source.name}:{line}:{column}"
