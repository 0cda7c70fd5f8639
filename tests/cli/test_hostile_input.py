"""Hostile policy through the verbs that read it: what is wrong is said soon, in little memory, with no traceback."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

MEMORY = 512 << 20
#: generous: a busy machine is no counterexample, a hang is
SECONDS = 60


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY + (256 << 20), MEMORY + (256 << 20)))
    resource.setrlimit(resource.RLIMIT_CPU, (20, 20))


def check(*arguments: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    return dockarmor("check", "--output", "concise", *arguments, stdin=stdin)


def dockarmor(*arguments: str, stdin: bytes = b"", state: str = "") -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-m", "dockarmor", *arguments]
    start = time.monotonic()
    environment = os.environ | ({"DOCKARMOR_STATE": state} if state else {})
    done = subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        check=False,
        timeout=SECONDS,
        preexec_fn=_limited,
        env=environment,
    )
    assert time.monotonic() - start < SECONDS
    assert b"Traceback" not in done.stderr + done.stdout
    assert len(done.stdout + done.stderr) < 100_000
    return done


#: what is wrong with each, as `check` names it
TEXTS: dict[str, tuple[bytes, bytes]] = {
    "a NUL in a path": (b"profile a {\n  /a\0b r,\n}\n", b"error"),
    "a NUL at the start": (b"\0\0\0\0", b"error"),
    "a byte order mark": (b"\xef\xbb\xbfprofile a { }\n", b"DA006"),
    "a line of 10 MB": (b"profile a {\n  /" + b"a" * 10_000_000 + b" r,\n}\n", b"DA311"),
    "a value of 10 MB": (b"@{A}=" + b"1" * 10_000_000 + b"\nprofile a { }\n", b"DA311"),
    "10 MB of quotes": (b'profile a {\n  "' + b"a" * 10_000_000, b"error"),
    "10 MB of backslashes": (b"profile a {\n  /" + b"\\" * 10_000_000 + b" r,\n}\n", b"error"),
    "10 MB of commas": (b"profile a {\n  " + b"," * 10_000_000, b"error"),
    "100,000 nested braces": (b"profile a " + b"{ " * 100_000, b"DA005"),
    "10,000 nested alternations": (b"profile a { /" + b"{a," * 10_000 + b"}" * 10_000 + b" r, }\n", b"error"),
    "100,000 nested parentheses": (b"profile a { if " + b"( " * 100_000 + b"true", b"DA031"),
    "exploding variables": (
        b"@{A0}=a b c d e f g h\n"
        + b"".join(b"@{A%d}=@{A%d}@{A%d}\n" % (n + 1, n, n) for n in range(30))
        + b"profile a { /@{A30} r, }\n",
        b"DA112",
    ),
    "variables in a row": (
        b"@{A0}=a\n"
        + b"".join(b"@{A%d}=@{A%d}\n" % (n + 1, n) for n in range(5000))
        + b"profile a { /@{A5000} r, }\n",
        b"DA112",
    ),
    "a variable that refers to itself": (b"@{A}=@{A}\nprofile a { /@{A} r, }\n", b"DA111"),
    "a million rules": (b"profile a {\n" + b"/a r,\n" * 1_000_000, b"DA008"),
    "a quarter of a million additions": (b"@{A}=b\n" + b"@{A}+=b\n" * 250_000, b"DA008"),
    "100,000 hats": (b"profile a {" + b"".join(b" ^h%d { }" % n for n in range(100_000)) + b"}\n", b"error"),
    "100,000 nested hats": (b"profile a {" + b" ^h {" * 100_000, b"DA005"),
    "100,000 branches": (b"profile a { if true { }" + b" else if true { }" * 100_000 + b"}\n", b"DA031"),
    "100,000 operands": (b"profile a { if " + b"true or " * 100_000 + b"true { } }\n", b"DA031"),
    "thousands of references": (b"@{A}=x\nprofile a { /" + b"@{A}" * 12_000 + b" r, }\n", b"DA112"),
    "a number of 60 KB": (b"@{N}=" + b"1" * 60_000 + b"\nprofile a { if @{N} > 2 { } }\n", b"DA122"),
    "aliases that multiply": (
        b"".join(b"alias /a -> /b%d,\n" % n for n in range(10_000)) + b"profile a { " + b"/a r, " * 10_000 + b"}\n",
        b"DA114",
    ),
    "a million capabilities": (b"profile a { capability " + b"chown " * 1_000_000 + b", }\n", b"DA280"),
    "a million xattrs": (b"profile a xattrs=(" + b"user.a=x " * 1_000_000 + b") { }\n", b"DA025"),
    "a file without an end": (b"profile a {\n" * 1000, b"error"),
    "alternations that multiply": (b"profile a { /" + b"*{a,b}*{c,d}" * 12 + b" r, }\n", b""),
}


@pytest.mark.parametrize("what", TEXTS)
def test_texts(what: str, tmp_path: Path) -> None:
    text, code = TEXTS[what]
    path = tmp_path / "policy"
    path.write_bytes(text)
    done = check(str(path))
    if code:
        assert done.returncode == 2, done.stderr[-500:]
        assert code in done.stdout
    else:
        assert done.returncode in (0, 1, 2)


#: mistakes that need more than reading: what `show` does not see, and what `fmt` does not
COMPILED = {"10,000 nested alternations", "alternations that multiply"}
RESOLVED = COMPILED | {
    *("exploding variables", "variables in a row", "a variable that refers to itself", "thousands of references"),
    *("a number of 60 KB", "aliases that multiply"),
}


@pytest.mark.parametrize("what", sorted(set(TEXTS) - COMPILED))
def test_show(what: str, tmp_path: Path) -> None:
    text, code = TEXTS[what]
    path = tmp_path / "policy"
    path.write_bytes(text)
    done = dockarmor("show", str(path))
    assert (done.returncode, done.stdout) == (2, b"")
    assert code in done.stderr


@pytest.mark.parametrize("what", TEXTS)
def test_build(what: str, tmp_path: Path) -> None:
    text, code = TEXTS[what]
    path = tmp_path / "policy"
    path.write_bytes(text)
    done = dockarmor("build", "--no-cache", "-o", str(tmp_path / "blob"), str(path))
    assert done.returncode == (2 if code else 0)
    assert code in done.stderr
    assert (tmp_path / "blob").exists() is not bool(code)


@pytest.mark.parametrize("what", TEXTS)
def test_fmt(what: str, tmp_path: Path) -> None:
    """A file with mistakes stays as it is; what is only too much to compile is formatted."""
    text, code = TEXTS[what]
    path = tmp_path / "policy"
    path.write_bytes(text)
    done = dockarmor("fmt", str(path))
    if what in RESOLVED:
        assert done.returncode == 0
        assert dockarmor("fmt", "--check", str(path)).returncode == 0
    else:
        assert done.returncode == 2
        assert code in done.stderr
        assert path.read_bytes() == text


@pytest.mark.parametrize("form", ["tree", "flat", "json"])
def test_a_random_file_is_shown_in_no_form(form: str, tmp_path: Path) -> None:
    path = tmp_path / "policy"
    path.write_bytes(bytes(range(256)) * 4000)
    assert dockarmor("show", "--as", form, str(path)).returncode == 2


def test_carriage_returns_and_bytes_that_are_no_utf8_are_read(tmp_path: Path) -> None:
    path = tmp_path / "policy"
    path.write_bytes(b"abi <kernel>,\r\n\r\nprofile a /usr/bin/a {\r\n  /\xff\xfe\xc3( r,\r\n}\r\n")
    done = check(str(path))
    assert (done.returncode, done.stdout) == (0, b"")


def test_random_bytes(tmp_path: Path) -> None:
    path = tmp_path / "policy"
    path.write_bytes(bytes(range(256)) * 4000)
    assert check(str(path)).returncode == 2


def test_standard_input() -> None:
    assert check("-", stdin=b"profile a {").returncode == 2


INCLUDES: dict[str, Callable[[Path], None]] = {
    "itself": lambda folder: (folder / "x").write_text("include <x>\n") and None,
    "one another": lambda folder: (
        (folder / "x").write_text("include <y>\n") and (folder / "y").write_text("include <x>\n") and None
    ),
    "a folder that holds itself": lambda folder: os.symlink(".", folder / "x"),
}


@pytest.mark.parametrize("what", INCLUDES)
def test_include_loops_end(what: str, tmp_path: Path) -> None:
    INCLUDES[what](tmp_path)
    (tmp_path / "policy").write_text("abi <kernel>,\nprofile a /usr/bin/a {\n  include <x>\n}\n")
    assert check("--base", str(tmp_path), str(tmp_path / "policy")).returncode in (0, 1, 2)


@pytest.mark.parametrize("what", ["fifo", "/dev/zero", "folder", "gone", "link"])
def test_what_is_no_file_is_not_read(what: str, tmp_path: Path) -> None:
    """As the policy itself, and as an include."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    os.symlink("link", tmp_path / "link")
    path = what if what.startswith("/") else str(tmp_path / what)
    if what != "folder":  # a folder means its files
        assert check(path).returncode == 2
    (tmp_path / "policy").write_text(f'profile a {{\n  include "{path}"\n}}\n')
    done = check(str(tmp_path / "policy"))
    assert done.returncode == (0 if what == "folder" else 2)


def test_a_file_beyond_the_bound_is_not_read(tmp_path: Path) -> None:
    with open(tmp_path / "policy", "wb") as file:
        file.truncate(5 << 30)
    assert check(str(tmp_path / "policy")).returncode == 2


def test_features_that_are_no_file_are_refused_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "policy").write_text("profile a { }\n")
    policy, out = str(tmp_path / "policy"), str(tmp_path / "out")
    for place in (str(tmp_path / "fifo"), "/dev/zero", "/proc/self/mem"):
        done = dockarmor("build", policy, "-o", out, "--features", place)
        assert done.returncode == 2
        assert place.encode() in done.stderr
        for option in ("-M", "--policy-features", "--override-policy-abi"):
            done = dockarmor("apparmor_parser", "-QKS", option, place, policy)
            assert done.returncode == 1
            assert b"Failed to load" in done.stderr
    assert not os.path.exists(out)


def test_an_embedded_kernel_whose_files_are_no_files_is_refused(tmp_path: Path) -> None:
    for name in ("lock", "index.json"):
        folder = tmp_path / name.replace(".", "-")
        folder.mkdir()
        os.mkfifo(folder / name)
        done = dockarmor("status", "--kernel", "embedded", state=str(folder))
        assert done.returncode == (0 if name == "lock" else 1)
