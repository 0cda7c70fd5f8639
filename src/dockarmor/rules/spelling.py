"""Rules as text: words, conditions, permissions and qualifiers in canonical style."""

from collections.abc import Mapping

from dockarmor.rules.kind import Qualifiers
from dockarmor.syntax.cursor import Word, decode_escapes
from dockarmor.text.regex import regex

_BARE = r"A-Za-z0-9_./@{}*?\[\]^\\:~<>$%#|;-"
_PLAIN = regex(rf"(?!#)[{_BARE}](?:[+&{_BARE}]++|,(?=[^,]))*+")
# An escape that decoding keeps, before a digit that decoding would take into it.
_SWALLOWING = regex(r"(\\(?:x0{0,2}|d0{0,3}|0{1,3}))([0-9A-Fa-f])")
_PAIR = regex(r'\\[\s\S]|"')


def spell(text: str) -> str:
    """The source of a word: bare where that reads back as the same text, else in quotes.

    >>> spell("/a/**"), spell("a b"), spell("unconfined")
    ('/a/**', '"a b"', 'unconfined')
    """
    written = _PAIR.sub(lambda match: '\\"' if match[0] == '"' else match[0], text)
    if "\\" in written and decode_escapes(written) != text:
        written = _SWALLOWING.sub(lambda match: f"{match[1]}\\x{ord(match[2]):02x}", written)
    return written if _PLAIN.fullmatch(written) and not written.endswith("\\") else f'"{written}"'


def spell_listed(text: str) -> str:
    """The source of a word in parentheses, where a comma ends it.

    >>> spell_listed("{a,b}"), spell_listed("a")
    ('"{a,b}"', 'a')
    """
    written = spell(text)
    return f'"{written}"' if "," in written and written[0] != '"' else written


def spell_group(name: str, *conditions: tuple[str, Word | None]) -> str:
    """` name=(a=b, c=d)` of the conditions that are not None, or nothing.

    >>> word = Word("{a,b}", None)
    >>> spell_group("peer", ("label", word), ("addr", None)), spell_group("peer", ("addr", None))
    (' peer=(label="{a,b}")', '')
    """
    said = [f"{one}={spell_listed(word.text)}" for one, word in conditions if word is not None]
    return f" {name}=({', '.join(said)})" if said else ""


def spell_value(name: str, value: Word | str | None) -> str:
    """` name=value`, or nothing for None.

    >>> spell_value("peer", "a"), spell_value("peer", None)
    (' peer=a', '')
    """
    return "" if value is None else f" {name}={spell(str(value))}"


def spell_permissions(bits: int, every: int, names: Mapping[str, int]) -> str:
    """` (a, b)`, ` a` for one, nothing for all of them.

    >>> spell_permissions(6, 6, {"send": 2, "receive": 4}), spell_permissions(2, 6, {"send": 2})
    ('', ' send')
    """
    if bits == every:
        return ""
    words = [name for name, bit in names.items() if bits & bit]
    return f" {words[0]}" if len(words) == 1 else f" ({', '.join(words)})"


def spell_qualifiers(qualifiers: Qualifiers) -> str:
    """What stands before a rule, with a blank after it.

    >>> spell_qualifiers(Qualifiers(priority=3, audit=True, effect="deny"))
    'priority=3 audit deny '
    """
    words = [f"priority={qualifiers.priority}"] if qualifiers.priority else []
    if qualifiers.audit:
        words.append("audit")
    if qualifiers.effect != "allow":
        words.append(qualifiers.effect)
    if qualifiers.subject:
        words.append(qualifiers.subject)
    return " ".join([*words, ""])
