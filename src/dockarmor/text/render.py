"""Draws diagnostics for people: where, the line, carets, what to do. Words and carets carry the meaning."""

from dockarmor.text.diagnostic import Diagnostic, Label, Severity
from dockarmor.text.regex import regex
from dockarmor.text.source import Span

#: longer lines are shown in part, around the place that matters
WIDTH = 140

_COLORS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.NOTE: "36"}
_TAB = "    "
_HIGH = regex(r"[\x80-\xff]+")


def printable(text: str) -> str:
    """Latin-1 text (one character a byte) as people read it: UTF-8 where it is that, controls escaped.

    >>> printable("caf\\xc3\\xa9\\x1b[31m")
    'café\\\\x1b[31m'
    """
    decoded = _HIGH.sub(lambda run: run[0].encode("latin-1").decode("utf-8", "replace"), text)
    return "".join(map(visible, decoded))


def visible(char: str) -> str:
    """A character, or its escape where it would do something to a terminal, or not be seen."""
    return char if char.isprintable() else f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{ord(char):04x}"


def concise(diagnostic: Diagnostic) -> str:
    """One line: place, severity, code, message."""
    place = f"{printable(str(diagnostic.span))}: " if diagnostic.span else ""
    return f"{place}{diagnostic.severity.value}[{diagnostic.code}]: {printable(diagnostic.message)}"


def render(diagnostic: Diagnostic, *, color: bool = False) -> str:
    """The whole picture, as rustc draws it; ends without a newline."""
    paint = _Paint(color)
    severity = diagnostic.severity
    head = paint(f"{severity.value}[{diagnostic.code}]", _COLORS[severity])
    lines = [f"{head}: {printable(diagnostic.message)}"]
    gutter = _gutter(diagnostic)
    if diagnostic.span is not None:
        lines += _picture(diagnostic.span, diagnostic, gutter, paint)
    for include in reversed(diagnostic.includes):
        lines.append(f"{' ' * gutter} = included at {printable(str(include))}")
    lines += [f"{' ' * gutter} = help: {printable(help)}" for help in diagnostic.help]
    lines += [f"{' ' * gutter} = note: {printable(note)}" for note in diagnostic.notes]
    if diagnostic.fix is not None:
        kind = "safe" if diagnostic.fix.safe else "unsafe"
        lines.append(f"{' ' * gutter} = fix ({kind}): {printable(diagnostic.fix.message)}")
    return "\n".join(lines)


class _Paint:
    def __init__(self, color: bool) -> None:
        self._color = color

    def __call__(self, text: str, code: str) -> str:
        return f"\x1b[1;{code}m{text}\x1b[0m" if self._color else text


def _gutter(diagnostic: Diagnostic) -> int:
    spans = [diagnostic.span, *(other.span for other in diagnostic.others)]
    return max((len(str(span.position[0])) for span in spans if span is not None), default=1)


def _picture(span: Span, diagnostic: Diagnostic, gutter: int, paint: _Paint) -> list[str]:
    """The place, then the lines that matter in the order of the text; other files get a place of their own."""
    here = [other for other in diagnostic.others if other.span.source is span.source]
    elsewhere = [other for other in diagnostic.others if other.span.source is not span.source]
    marks = [(span, diagnostic.label, "^"), *((other.span, other.message, "-") for other in here)]
    marks.sort(key=lambda mark: mark[0].start)
    lines = [f"{' ' * gutter}--> {printable(str(span))}", f"{' ' * gutter} |"]
    last = 0
    for place, label, mark in marks:
        line, _ = place.position
        if last and line > last + 1:
            lines.append(f"{' ' * gutter}...")
        lines += _marked(place, label, mark, gutter, paint, again=line == last)
        last = line
    for other in elsewhere:
        lines += _elsewhere(other, gutter, paint)
    if diagnostic.includes or diagnostic.help or diagnostic.notes or diagnostic.fix:
        lines.append(f"{' ' * gutter} |")
    return lines


def _elsewhere(other: Label, gutter: int, paint: _Paint) -> list[str]:
    head = [f"{' ' * gutter}::: {printable(str(other.span))}", f"{' ' * gutter} |"]
    return head + _marked(other.span, other.message, "-", gutter, paint, again=False)


def _marked(span: Span, label: str, mark: str, gutter: int, paint: _Paint, *, again: bool) -> list[str]:
    """A source line with its marks below."""
    number, column = span.position
    text = span.source.line(number).removesuffix("\r")
    start = column - 1
    end = min(start + max(span.end - span.start, 1), max(len(text), start + 1))
    first = 0 if len(text) <= WIDTH else max(0, min(start - WIDTH // 3, len(text) - WIDTH))
    shown = text[first : first + WIDTH]
    before = _cells(shown[: start - first])
    marked = max(1, len(_cells(shown[start - first : end - first])))
    window = ("…" if first else "") + _cells(shown) + ("…" if first + WIDTH < len(text) else "")
    pad = len(before) + (1 if first else 0)
    carets = paint(mark * marked, "31" if mark == "^" else "34") + (f" {printable(label)}" if label else "")
    below = f"{' ' * gutter} | {' ' * pad}{carets}"
    return [below] if again else [f"{number:>{gutter}} | {window}", below]


def _cells(text: str) -> str:
    return printable(text.replace("\t", _TAB))
