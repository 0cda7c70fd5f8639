"""Regular expressions that are compiled when they are first asked for something.

Half of what a small file costs was the compiling of some eighty patterns at import, of which it needs a dozen.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from typing import Any, AnyStr


class _Regex:
    """Stands in for a `re.Pattern`: what is asked of it is from then on an attribute of its own."""

    def __init__(self, text: "Any", flags: int) -> None:
        self.pattern, self.flags = text, flags

    def __getattr__(self, name: str) -> "Any":
        import re

        asked = getattr(re.compile(self.pattern, self.flags), name)
        setattr(self, name, asked)
        return asked


def regex(text: "AnyStr", flags: int = 0) -> "re.Pattern[AnyStr]":
    """The pattern of a regular expression; a mistake in it is found at its first use.

    >>> digits = regex("[0-9]+")
    >>> digits.fullmatch("42") is not None, digits.pattern
    (True, '[0-9]+')
    """
    made: Any = _Regex(text, flags)
    return made  # type: ignore[no-any-return]
