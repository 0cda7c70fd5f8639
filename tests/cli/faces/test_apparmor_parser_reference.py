"""apparmor_parser by name, side by side with Debian's: exit status, both outputs, and what is left in files."""

import os
import shlex
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from dockarmor.cli.faces import apparmor_parser
from dockarmor.cli.kernel import tree
from dockarmor.compile.compare import compare
from dockarmor.compile.reader import read_blob
from dockarmor.policy.features import builtin

pytestmark = pytest.mark.reference

FILES = {
    "a": "profile a /bin/a {\n  /x r,\n  ^hat { /y r, }\n  profile child { /z r, }\n}\nprofile b { /x w, }\n",
    "b": "profile b /b { /q r, }\n",
    "many": (
        "profile z /z { /x r, profile zz { /z r, profile zzz { /a r, } } ^ha { /y r, } }\n"
        "profile m /m { /x r, }\nprofile :ns:k /k { /x r, ^h { /z r, } }\nprofile a1 /a1 { /x r, }\n"
    ),
    "own": "profile :own:b /b { /q r, }\n",
    "spaces": "# x\n\nprofile :own:b /b\n  flags=(complain)\n{\n  /q r,\n\n}\n\nprofile :o:c { }\n",
    "bad": "profile bad {\n  nonsense,\n}\n",
    "variable": "profile v {\n  @{foo} r,\n}\n",
    "conflict": "profile x {\n  /** px,\n  /a/** ix,\n}\n",
    "twice": "profile t {}\nprofile t {}\n",
    "lacks": "include <nothere>\nprofile l { }\n",
    "maybe": "include if exists <nothere>\n# a comment\nprofile l { include <inc.d> include <inc.d> }\n",
    "empty": "",
    "latin": "profile caf\xe9 { /x r, }\n",
    "utf": "profile caf\xc3\xa9 { /x r, }\n",
    "d/on": "profile on { /x r, }\n",
    "d/off": "profile off { /x r, }\n",
    "d/with": "profile with { /x r, include <inc.d> }\n",
    "d/soft": "profile soft { /x r, include <inc.d> }\n",
    "d/inc.d/1": "/one r,\n",
    "d/inc.d/2": "/two r,\n",
    "classes": (
        "profile n /n {\n  dbus send, io_uring, mqueue r /x, /x rUx, userns, signal, ptrace, capability bpf,\n"
        "  capability net_admin, umount, change_profile -> x, unix, network inet stream, network,\n}\n"
    ),
    "conf": "# defaults\nverbose\nskip-kernel-load\nfeatures-file=F\n",
    "conf-bad": "nonsense\nskip-kernel-load\n",
    "conf-help": "help\n",
}
#: command lines with the same exit status, the same outputs, and the same files below `fs` and `C` afterwards
SAME = """
-z
-z a
--foo
--rep -M F -Q a
--replace=3 a
--namespace
--kern
-j
-D
-jfoo a
-jx b
-j "" b
-jx3 -M F -QT b
-jauto -M F -QT b
-j -5 -M F -QN a
--max-jobs=foo a
-cfoo a
-d1 a
-O foo
-D foo
-D dfa-stat
--warn=foo -Q a
--Werror=foo -Q a
--help=foo
-M nofile -QS a
--kernel-features nofile -QS a
-a -r a
-r -r a
-N -S a
-N -R a
-S -r a
-NQ -o x a
-Q nofile
-M F -QTK nofile
-M F -QTK -
-M F -Q -- -V
-M F -QTK a
-M F -QTKv a
-M F -rQTKv a
-M F -QTKvj1 a b many
-M F -QTKv < many
-M F -QT empty
-M F -QTv /dev/null
-M F -S empty
-M F -QTKN < a
-M F -N a
-M F -Nj1 a many own
-M F -N empty
-M F -Nj1n foo a many own
-M F -N variable
-M F -N conflict
-Nj1 a
-Q a
-q -Q a
-QT a
-QK a
-Q -R a
a
-R a
-M F -QTK -o /nonexist/out a
-f /nonexist -M F a
-f fs/.load -M F -v a
-f fs -v b
-f fs -M F -vj1 b own
-f fs -M F -Rv b
-f fs -M F -Rv many
-f fs -M F -Rvn foo many
-f fs -M F -Rv nofile
-M F -n foo -QTv spaces
-M F -n foo -qQT spaces
-M F -n foo -QRv spaces
-M F -n foo -N spaces
-M F -n foo --Werror=override -QTv spaces
--kernel-features F --warn=abi -QTj1 spaces b empty
--kernel-features F --warn=abi -QT < b
--kernel-features F --warn=abi -N b
--kernel-features F --policy-features F --warn=abi -QT b
--kernel-features F --warn=abi --Werror=abi -QT b
-M F -B -QTKv out
-M F -B -QTKS out
-M F -B -f fs -v a
-M F -B -f fs -rv out
-M F -B -f fs -v < out
-M F -B -f fs -v nofile
-M F -B -f fs -vR b
-M F -p a
-b d -M F -p maybe
-M F -pN a
-M F -Wkv -f fs -L C b
-M F -QWkv -L C a; PARSER -M F -Qkv -L C a; PARSER -M F -Qkrv -L C a; PARSER -M F -QTkv -L C a
-M F -QWkv -L C a; PARSER -M F -QTWkv -L C a; PARSER -M F -QKkv -L C a
-M F -QW -L C b; PARSER -M F -QWkvN -L C b; PARSER -M F -Rkv -f fs -L C b; PARSER -M F -kvp -L C b
-M F -QW -L C b; PARSER -M F -QkvC -L C b; touch b; PARSER -M F -Qkv -L C b; PARSER -M F -QkvW -L C b
-M F -QW -L C b; PARSER -M F -Qk -L C ./b; PARSER -M F -Wk -L C -o out b
-b d -M F -QWk -L C d/with; PARSER -b d -M F -Qk -L C d/with; touch d/inc.d/1; PARSER -b d -M F -Qk -L C d/with
-b d -M F -QW -L C d/with; touch d/inc.d; PARSER -b d -M F -Qk -L C d/with
-b d -M F -QWk -L C d/soft
-M F -QWkC -L C many
-M F -QWkC --warn=no-cache -L C many
-M F -SWkC -L C many > /dev/null
-QWkC -L C many
-M F -QW -L C b; rm C/*/b; PARSER -M F -Qk -L C b
-M F -QW -L C b; echo garbage > C/7fc4fb32.0/b; PARSER -M F -Qk -L C b
-M F -QWk -L C /dev/stdin < b
-M F -QWkS -L C,D b > /dev/null; PARSER -M F -QkW -L D,C b
-M F -Qk -L nonexist b
-M F -Qk -L d b
-M F -QkW -L no/nonexist b
-M F -QkW -L b/nonexist b
-M F -QkW -L a b
-M F -QkW --skip-bad-cache -L d b
-M features -QWk -L C b; cat C/*/.features
-M tree -QWk -L C b; cat C/*/.features
--kernel-features tree --print-cache-dir
--print-cache-dir -M F -L C
--print-cache-dir -M F -L C,D -Q
--print-cache-dir -M F -QT a
-M F -QW -L C b; PARSER --purge-cache -M F -Q -L C
--purge-cache -k -M F -Q -L nonexist
--purge-cache -M F -L C
-M F -b d -QTKvj1 d/on d/off d/soft
-M F -b d -Nj1 d/on d/off d/soft
-M F -b d -QRvj1 d/off
-M F -b d -p d/off
-M F -b d -QBv d/off
-M F -b d -QKqj1 d/off d/soft
-M F -b /nonexist -QTKv d/on
-M F -b d -QTvj1 d
-M F -QTv ""
-M F -QTv nofile/x b/y
-b "" -M F -QT b
-n "" -M F -QTv b
-n "a b" -M F -N b
-n λ -M F -N b
-n λ -M F -f fs -Rv b
-M "" -QT b
--warn "" -QT b
-M F -o "" b
-M F -o d b
-M F -o /dev/full b
-M F -S b > /dev/full
-M F --print-cache-dir -L ""
-M F -QWk -L C, b
-M F -QTvj1 latin utf
-M F -Nj1 latin utf
-M F -QT $'\\xff'
--config-file=conf a
--config-file=conf-bad -M F a
--config-file=conf-help -M F a
--config-file=nothere -M F -Q a
--config-file=/nonexist --warn=no-config -M F -Q a
--config-file=d -M F -Q a
""".strip().splitlines()
#: exit status and standard output are the same, and so are the places in the messages; the words are ours
WORDS = """
-M F -QTK bad
-M F -QTKvj1 a bad nofile b
-M F -QTK < bad
-M F -N bad
-M F -R -Q bad
-M F -QT lacks
-M F -N lacks
-M F -p lacks
-M F -S bad
--abort-on-error -M F -QTKj1 bad
""".strip().splitlines()
#: the same exit status and standard output; the original does not say where
NOWHERE = ("-M F -QT variable", "-M F -QT conflict", "-M F -QT twice", "-M F -N twice")

Outcome = tuple[int, bytes, bytes, dict[str, bytes]]


@pytest.fixture
def theirs(debian: Callable[[str, str], list[str]]) -> str:
    loader, *rest = debian("sid", "apparmor_parser")
    return shlex.join([loader, "--argv0", "apparmor_parser", *rest])


@pytest.fixture(scope="session")
def face(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Ours, under its own name."""
    import sys

    program = tmp_path_factory.mktemp("bin") / "apparmor_parser"
    program.write_text(f"#!{sys.executable}\nfrom dockarmor.cli.main import entry\nentry()\n")
    program.chmod(0o755)
    return str(program)


def grow(place: Path, branch: Mapping[str, Any]) -> None:
    """A features folder as a kernel shows it."""
    place.mkdir()
    for name, value in branch.items():
        if isinstance(value, dict):
            grow(place / name, value)
        else:
            (place / name).write_text(f"{value}\n")


def outcome(folder: Path, program: str, line: str) -> Outcome:
    """Run a command line in a new folder with the files."""
    (folder / "features/file").mkdir(parents=True)
    (folder / "features/file/mask").write_text("create read\n")
    grow(folder / "tree", tree(builtin("kernel-6.12")))
    (folder / "fs").mkdir()
    for name in (".load", ".replace", ".remove"):
        (folder / "fs" / name).touch()
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="latin-1")
    (folder / "F").write_text(builtin("kernel-6.12").text())
    (folder / "out").write_bytes(b"\x04\x08\x00version\x00\x02\x07  \x00 and so on")
    for name in ("disable/off", "force-complain/soft"):
        (folder / "d" / name).parent.mkdir()
        (folder / "d" / name).symlink_to("../on")
    before = "" if "--config-file" in line else "--config-file=/dev/null "
    script = f"PARSER {before}{line}".replace("PARSER -", f"PARSER {before}-")
    done = subprocess.run(
        ["bash", "-c", script.replace("PARSER", program)],
        cwd=folder,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    left = {}
    for path in sorted([*folder.glob("fs/.*"), *folder.glob("[CD]/**/*"), *folder.glob("[CD]/**/.*")]):
        if path.is_file():
            kept = path.name in (".features", ".remove")
            left[f"{path.relative_to(folder)} {path.stat().st_mode:o}"] = path.read_bytes() if kept else b""
    return done.returncode, done.stdout, done.stderr.replace(os.fsencode(folder), b"."), left


def both(tmp_path: Path, theirs: str, face: str, line: str) -> tuple[Outcome, Outcome]:
    return outcome(tmp_path / "theirs", theirs, line), outcome(tmp_path / "ours", face, line)


@pytest.mark.parametrize("line", SAME)
def test_same(line: str, tmp_path: Path, theirs: str, face: str) -> None:
    reference, own = both(tmp_path, theirs, face, line)
    assert (own[0], own[1].replace(os.fsencode(tmp_path / "ours"), b"."), *own[2:]) == (
        reference[0],
        reference[1].replace(os.fsencode(tmp_path / "theirs"), b"."),
        *reference[2:],
    )


def place(line: bytes) -> bytes:
    """A message up to its words."""
    before, separator, rest = line.partition(b"at line ")
    return before + separator + rest.partition(b":")[0]


@pytest.mark.parametrize("line", WORDS)
def test_same_place_in_words_of_our_own(line: str, tmp_path: Path, theirs: str, face: str) -> None:
    reference, own = both(tmp_path, theirs, face, line)
    assert own[:2] == reference[:2]
    # Of what cannot be parsed the original says where it stopped, which is a token later.
    assert sorted(map(place, own[2].splitlines())) == sorted(map(place, reference[2].splitlines()))


@pytest.mark.parametrize("line", NOWHERE)
def test_same_status_and_a_place(line: str, tmp_path: Path, theirs: str, face: str) -> None:
    reference, own = both(tmp_path, theirs, face, line)
    assert own[:2] == reference[:2]
    assert b" at line " in own[2]


@pytest.mark.parametrize(
    "line",
    [
        "-M F -Sj1 a many",
        "-M F -Sn foo a",
        "-M F -Sn λ a",
        "-M F -SC a",
        "-M F -S classes",
        "-S --kernel-features F classes",
        "-S --kernel-features F --policy-features features classes",
        "-S --kernel-features F --override-policy-abi features classes",
        "-M F -b d -Sj1 d",
        "-M F -b d -I . -Sj1 d/soft d/on",
    ],
)
def test_blobs_mean_the_same(line: str, tmp_path: Path, theirs: str, face: str) -> None:
    reference, own = both(tmp_path, theirs, face, line)
    assert (own[0], own[2]) == (reference[0], reference[2])
    assert compare(read_blob(own[1]), read_blob(reference[1])) == []


def test_caches_are_shared(tmp_path: Path, theirs: str, face: str) -> None:
    """What one wrote the other takes, byte for byte in the same place with the same time."""
    line = "-b d -M F -QW -L C d/on b"
    reference, own = both(tmp_path, theirs, face, line)
    assert own[3].keys() == reference[3].keys()
    for writer, reader in (("theirs", face), ("ours", theirs)):
        done = subprocess.run(
            ["bash", "-c", f"{reader} --config-file=/dev/null -b d -M F -Qkv -L C d/on b"],
            cwd=tmp_path / writer,
            capture_output=True,
            check=False,
        )
        assert done.stderr.count(b"Cache hit") == 2
        for name in ("d/on", "b"):
            kept = tmp_path / writer / "C/7fc4fb32.0" / Path(name).name
            assert kept.stat().st_mtime_ns == (tmp_path / writer / name).stat().st_mtime_ns


NUMBERS = [
    "EACCES",
    "EPERM",
    "ENOENT",
    "EEXIST",
    "EPROTO",
    "ENOMEM",
    "EBADMSG",
    "EPROTONOSUPPORT",
    "EINVAL",
    "EFAULT",
]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("action", ["-a", "-r", "-R"])
def test_refusals(action: str, number: str, tmp_path: Path, theirs: str, monkeypatch: Any, capfd: Any) -> None:
    """The original with a kernel that refuses, by strace; ours with a write that raises."""
    import errno
    import shutil

    if shutil.which("strace") is None:
        pytest.skip("no strace here")
    paths = " ".join(f"-P fs/{name}" for name in (".load", ".replace", ".remove"))
    inject = f"strace -f -o /dev/null {paths} -e trace=write -e inject=write:error={number} {theirs}"
    status, out, err, _ = outcome(tmp_path / "theirs", inject, f"-M F -f fs {action} -v b")
    outcome(tmp_path / "ours", "true", "")
    monkeypatch.chdir(tmp_path / "ours")

    def refuse(file: int, data: bytes) -> int:
        raise OSError(getattr(errno, number), os.strerror(getattr(errno, number)))

    monkeypatch.setattr(os, "write", refuse)
    arguments = f"--config-file=/dev/null -M F -f fs {action} -vT b".split()
    assert apparmor_parser.run("apparmor_parser", arguments) == status
    said = capfd.readouterr()
    assert (said.out.encode(), said.err.encode()) == (
        out,
        b"".join(line for line in err.splitlines(keepends=True) if not line.startswith(b"strace:")),
    )
