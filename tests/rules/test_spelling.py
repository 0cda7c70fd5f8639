"""Rules as text: what is written reads back."""

from hypothesis import given
from hypothesis import strategies as st

from dockarmor.rules.kind import Qualifiers
from dockarmor.rules.spelling import spell, spell_permissions, spell_qualifiers
from dockarmor.syntax.cursor import Cursor, decode_escapes
from dockarmor.text.source import Source

TEXT = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=12)
SOURCE = st.text(st.sampled_from([*'ab01{},* \\x41dn"(:&']), max_size=12)


@given(st.one_of(TEXT, SOURCE))
def test_every_text_that_can_be_read_can_be_written(source: str) -> None:
    quoted = '"' + source.replace("\\", "\\\\").replace('"', '\\"') + '"'
    word = Cursor(Source("policy", quoted)).value()
    assert word is not None
    written = spell(word.text)
    again = Cursor(Source("policy", written + " ")).value()
    assert again is not None
    assert again.text == word.text


@given(SOURCE)
def test_decoded_escapes_stay_what_they_are(source: str) -> None:
    text = decode_escapes(source + "\\\\" * (source.count("\\") % 2))
    if text.endswith("\\") and (len(text) - len(text.rstrip("\\"))) % 2:
        return  # no word ends in half an escape
    again = Cursor(Source("policy", spell(text) + " ")).value()
    assert again is not None
    assert again.text == text


def test_qualifiers_and_permissions() -> None:
    assert spell_qualifiers(Qualifiers(-3, True, "deny", "owner")) == "priority=-3 audit deny owner "
    assert spell_permissions(5, 7, {"a": 1, "b": 2, "c": 4}) == " (a, c)"
