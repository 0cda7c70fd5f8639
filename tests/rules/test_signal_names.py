"""The language's words for signals."""

from dockarmor.rules.signal_names import NAMES, SYNONYMS, canonical, name_of, number


def test_every_name_has_its_number_and_back() -> None:
    for name in (*NAMES, "rtmin+0", "rtmin+32"):
        assert name_of(number(name)) == name
    assert "lost" not in NAMES


def test_synonyms_lead_to_names() -> None:
    assert {canonical(word) for word in SYNONYMS} == {"stp", "io"}


def test_what_is_no_signal() -> None:
    for word in ("", "KILL", "9", "sigkill", "lost", "unused", "rtmin", "rtmin+", "rtmin+33", "rtmin+1x", "rtmin+-1"):
        assert canonical(word) is None
