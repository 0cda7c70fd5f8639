"""Resource limits."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockarmor.rules import rlimit
from dockarmor.rules.kind import PLAIN, LimitEntry, Qualifiers


@pytest.mark.parametrize(
    "text, resource, value",
    [
        ("cpu <= 60", 0, 60),
        ("cpu <= 1500ms", 0, 1),
        ("cpu <= 2 minutes", 0, 120),
        ("cpu <= 1weeks", 0, 604800),
        ("cpu <= 0", 0, 0),
        ("rttime <= 5", 15, 5),
        ("rttime <= 5ms", 15, 5000),
        ("rttime <= 1 d", 15, 86400000000),
        ("fsize <= 5", 1, 5),
        ("fsize <= 5K", 1, 5120),
        ("memlock <= 1MB", 8, 1 << 20),
        ("fsize <= 5 GB", 1, 5 << 30),
        ("nofile <= 010", 7, 8),
        ("ofile <= 7", 7, 7),
        ("nofile <= -0", 7, 0),
        ("nice <= -20", 13, 0),
        ("nice <= 19", 13, 39),
        ("nice <= -05", 13, 15),
        ("nice <= infinity", 13, 2**64 - 1),
        ("cpu <= infinity s", 0, 2**64 - 1),
        ("nproc<=5", 6, 5),
        ("nproc <= 18446744073709551615", 6, 2**64 - 1),
    ],
)
def test_values(text: str, resource: int, value: int, read: Any, scope: Any) -> None:
    rule = read(rlimit.KIND, f"set rlimit {text},")
    assert list(rlimit.encode(rule, scope())) == [LimitEntry(resource, value)]


@pytest.mark.parametrize(
    "text, code, message, place",
    [
        ("set nofile <= 5,", "DA282", "this limit is not complete", "n"),
        ("set rlimit <= 5,", "DA282", "this limit is not complete", "<"),
        ("set rlimit nproc = 5,", "DA282", "this limit is not complete", "="),
        ("set rlimit nproc <= x,", "DA282", "this limit is not complete", "x"),
        ("set rlimit nproc <= 1.5,", "DA282", "this limit is not complete", "."),
        ("set rlimit nproc <= 5", "DA282", "this limit is not complete", ""),
        ("set rlimit nofiles <= 5,", "DA283", "unknown resource `nofiles`", "nofiles"),
        ("set rlimit nofile <= 08,", "DA284", "`08` is no number", "08"),
        ("set rlimit nofile <= -1,", "DA285", "a limit of `nofile` cannot be negative", "-1"),
        ("set rlimit nice <= 20,", "DA285", "`nice` goes from -20 to 19, not to 20", "20"),
        ("set rlimit cpu <= 999ms,", "DA285", "a limit of `cpu` below one second", "999"),
        (
            "set rlimit as <= 99999999999G,",
            "DA285",
            "`99999999999` is more than the kernel can count",
            "99999999999",
        ),
        ("set rlimit nofile <= 5K,", "DA286", "`nofile` is a plain number, it takes no unit", "K"),
        ("set rlimit fsize <= 5k,", "DA286", "unknown unit `k`", "k"),
        ("set rlimit cpu <= 5K,", "DA286", "unknown unit `K`", "K"),
    ],
)
def test_mistakes(text: str, code: str, message: str, place: str, refused: Any) -> None:
    diagnostic = refused(rlimit.KIND, text)
    assert (diagnostic.code, diagnostic.message, diagnostic.span.text) == (code, message, place)


def test_suggestions(refused: Any) -> None:
    assert refused(rlimit.KIND, "set rlimit nofiles <= 5,").help == ("did you mean `nofile`?",)
    assert refused(rlimit.KIND, "set rlimit fsize <= 5k,").fix.replacement == "K"
    assert refused(rlimit.KIND, "set rlimit nofile <= 08,").help == ("a leading 0 makes it octal; write `8`",)


def test_a_limit_has_no_qualifiers(refused: Any) -> None:
    assert refused(rlimit.KIND, "set rlimit cpu <= 5,", Qualifiers(effect="deny")).code == "DA289"


def test_endless_digits_are_no_number(refused: Any) -> None:
    assert refused(rlimit.KIND, f"set rlimit as <= {'9' * 100_000},").code == "DA285"


PLAIN_LIMITS = st.tuples(st.sampled_from(["nofile", "nproc", "locks"]), st.integers(0, 2**40), st.just(""))
SIZES = st.tuples(st.sampled_from(["fsize", "as"]), st.integers(0, 2**30), st.sampled_from(["", "K", "MB", "G"]))
TIMES = st.tuples(st.sampled_from(["cpu", "rttime"]), st.integers(1, 10**6), st.sampled_from(["", "s", "days"]))
NICE = st.tuples(st.just("nice"), st.integers(-20, 19), st.just(""))
ENDLESS = st.tuples(st.sampled_from(rlimit.RESOURCES), st.none(), st.just(""))


@given(st.one_of(PLAIN_LIMITS, SIZES, TIMES, NICE, ENDLESS))
def test_what_is_written_reads_back(read: Any, limit: tuple[str, int | None, str]) -> None:
    rule = rlimit.LimitRule(*limit, PLAIN, None)  # type: ignore[arg-type]
    assert read(rlimit.KIND, rlimit.write(rule)) == rule
