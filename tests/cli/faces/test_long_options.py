"""Command lines as getopt_long reads them."""

import pytest

from dockarmor.cli.faces.long_options import MAYBE, NONE, ONE, OptionError, read

SHORT = {"v": NONE, "p": ONE, "h": MAYBE}
LONG = {"verbose": NONE, "version": NONE, "profile": ONE, "help": MAYBE, "no": NONE, "none": NONE}


@pytest.mark.parametrize(
    "line, options, rest",
    [
        ("", [], ""),
        ("-v --verb", [("v", None), ("verbose", None)], ""),
        ("-px -p x --prof=x --profile x", [("p", "x"), ("p", "x"), ("profile", "x"), ("profile", "x")], ""),
        ("-vpx y", [("v", None), ("p", "x")], "y"),
        ("-hfilters -h filters", [("h", "filters"), ("h", None)], "filters"),
        ("--help=x --help y", [("help", "x"), ("help", None)], "y"),
        ("--no", [("no", None)], ""),
        ("prog -v", [], "prog -v"),
        ("-v -- -v", [("v", None)], "-v"),
        ("-", [], "-"),
    ],
)
def test_options_and_what_stands_behind_them(line: str, options: list[object], rest: str) -> None:
    assert read(line.split(), SHORT, LONG) == (options, rest.split())


@pytest.mark.parametrize(
    "line, words",
    [
        ("-v --bogus=1", "unrecognized option '--bogus'"),
        ("-v --ver", "option '--ver' is ambiguous; possibilities: '--verbose' '--version'"),
        ("-v --verbose=1", "option '--verbose' doesn't allow an argument"),
        ("-v --prof", "option '--profile' requires an argument"),
        ("-v -p", "option requires an argument -- 'p'"),
        ("-v -x", "invalid option -- 'x'"),
    ],
)
def test_a_bad_line_is_told_in_getopts_words_after_what_was_read(line: str, words: str) -> None:
    with pytest.raises(OptionError) as caught:
        read(line.split(), SHORT, LONG)
    assert str(caught.value) == words
    assert caught.value.found == [("v", None)]
