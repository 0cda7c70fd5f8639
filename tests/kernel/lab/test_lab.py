"""A real kernel behind the `Kernel` protocol: policy is loaded, asked, enforced, seen and removed."""

import errno
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dockarmor.kernel.lab import Lab
from dockarmor.kernel.lab.lab import BATCH, Batch
from dockarmor.kernel.protocol import KernelError, Query

PROFILE = """
profile lab-demo {
  file,
  capability,
  signal,
  audit deny /etc/passwd r,
  profile child { file, }
}
"""
READ, WRITE = 4, 2


def compiled(text: str, parser: Path, shared: Path, folder: Path) -> bytes:
    """A profile, compiled by the reference parser for the oldest kernel's features."""
    (folder / "text").write_text(text)
    argv = [parser, "-QTK", "-M", shared / "features" / "kernel-6.1", "-b", folder]
    subprocess.run([*argv, "-o", folder / "out", folder / "text"], check=True, capture_output=True)
    return (folder / "out").read_bytes()


@pytest.fixture(scope="module")
def blob(reference_parser: Path, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Two profiles, one the other's child."""
    return compiled(PROFILE, reference_parser, shared, tmp_path_factory.mktemp("blob"))


@pytest.fixture(scope="module")
def silent_blob(reference_parser: Path, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A profile without a signal rule: nobody may signal its tasks."""
    text = "profile lab-silent { file, }\n"
    return compiled(text, reference_parser, shared, tmp_path_factory.mktemp("silent"))


@pytest.fixture
def loaded(lab_kernel: Lab, blob: bytes) -> Iterator[Lab]:
    """The kernel with the profile in it, before and after without."""
    lab_kernel.load(blob)
    yield lab_kernel
    lab_kernel.remove("lab-demo")
    assert lab_kernel.profiles() == []


@pytest.mark.lab
def test_names_are_bytes(lab_kernel: Lab, reference_parser: Path, shared: Path, tmp_path: Path) -> None:
    """0x85, the second byte of the letter, ends a line for whoever takes it for a character of latin-1."""
    name = "\N{LATIN CAPITAL LETTER A WITH RING ABOVE} \\r \\xff"
    lab_kernel.load(compiled(f'profile "{name}" {{ file, }}\n', reference_parser, shared, tmp_path))
    (found,) = lab_kernel.profiles()
    lab_kernel.remove(found.name)
    assert (found.name.encode("latin-1"), bool(found.hash)) == (b"\xc3\x85 \r \xff", True)


@pytest.mark.lab
def test_loaded_profiles_are_listed_with_the_kernels_digest(loaded: Lab) -> None:
    assert [(found.name, found.mode) for found in loaded.profiles()] == [
        ("lab-demo", "enforce"),
        ("lab-demo//child", "enforce"),
    ]
    assert all(found.hash for found in loaded.profiles())


@pytest.mark.lab
def test_queries_are_answered_in_order(loaded: Lab) -> None:
    queries = [Query("lab-demo", 2, b"/etc/passwd"), Query("lab-demo", 2, b"/tmp/x")] * 10
    answers = loaded.access(queries)
    readable = [bool(answer.allow & ~answer.deny & READ) for answer in answers]
    assert readable == [False, True] * 10
    assert all(answer.allow & WRITE for answer in answers)


@pytest.mark.lab
def test_a_query_about_no_such_label_names_it(loaded: Lab) -> None:
    with pytest.raises(KernelError, match=r"query 1 \(label lab-none\)") as caught:
        loaded.access([Query("lab-demo", 2, b"/"), Query("lab-none", 2, b"/")])
    assert caught.value.errno == errno.ENOENT


@pytest.mark.lab
def test_a_confined_program_is_denied_and_the_record_says_so(loaded: Lab) -> None:
    loaded.events()
    ran = loaded.run(["/bin/cat", "/etc/passwd"], profile="lab-demo")
    assert ran.status == 1
    assert b"Permission denied" in ran.stderr
    denied = [record for record in ran.records if record.startswith("type=1400 audit(")]
    assert len(denied) == 1
    assert 'apparmor="DENIED"' in denied[0]
    assert 'profile="lab-demo" name="/etc/passwd"' in denied[0]
    assert denied[0] in loaded.events()
    assert loaded.run(["/bin/cat", "/etc/passwd"]).stdout.startswith(b"root:")


@pytest.mark.lab
def test_input_user_folder_and_profile_are_as_asked(loaded: Lab) -> None:
    script = "cat; id -u; pwd; cat /proc/self/attr/current; exit 3"
    data = b"x" * 100_000
    ran = loaded.run(["/bin/sh", "-c", script], profile="lab-demo", stdin=data, uid=1000, cwd="/tmp")
    assert (ran.status, ran.stderr) == (3, b"")
    assert ran.stdout == data + b"1000\n/tmp\nlab-demo (enforce)\n"


@pytest.mark.lab
def test_a_program_that_hangs_is_killed_with_its_descendants(lab_kernel: Lab) -> None:
    with pytest.raises(KernelError, match="did not end within") as caught:
        lab_kernel.run(["/bin/sh", "-c", "sleep 77 & sleep 77"], timeout=0.5)
    assert caught.value.errno == errno.ETIMEDOUT
    assert b"sleep 77" not in lab_kernel.run(["/bin/ps"]).stdout


@pytest.mark.lab
def test_what_a_program_leaves_running_does_not_hold_the_answer(lab_kernel: Lab) -> None:
    assert lab_kernel.run(["/bin/sh", "-c", "sleep 77 & echo left"], timeout=20).stdout == b"left\n"


@pytest.mark.lab
@pytest.mark.parametrize(
    ("argv", "profile", "words"),
    [(["/no/such"], None, "execute /no/such"), (["/bin/true"], "lab-none", "enter profile lab-none")],
)
def test_what_cannot_start_says_what_failed(
    lab_kernel: Lab, argv: list[str], profile: str | None, words: str
) -> None:
    with pytest.raises(KernelError, match=words) as caught:
        lab_kernel.run(argv, profile=profile)
    assert caught.value.errno == errno.ENOENT


@pytest.mark.lab
def test_refusals_carry_the_kernels_errno(lab_kernel: Lab) -> None:
    with pytest.raises(KernelError) as rubbish:
        lab_kernel.load(b"rubbish")
    assert rubbish.value.errno in (errno.EPROTO, errno.EPROTONOSUPPORT)
    with pytest.raises(KernelError) as missing:
        lab_kernel.remove("lab-none")
    assert missing.value.errno == errno.ENOENT
    assert str(missing.value).startswith("profile lab-none: no profile of this name is loaded")


@pytest.mark.lab
def test_a_confined_task_is_listed_while_it_runs(loaded: Lab) -> None:
    # Leaving the command's cgroup is what lets it outlive the command.
    outlive = "(echo 0 >/sys/fs/cgroup/cgroup.procs; exec /bin/sleep 77) >/dev/null 2>&1 & sleep 0.5; echo $!"
    pid = int(loaded.run(["/bin/sh", "-c", outlive], profile="lab-demo").stdout)
    found = {task.pid: task for task in loaded.processes()}
    assert (found[pid].label, found[pid].mode, found[pid].executable) == ("lab-demo", "enforce", "/bin/sleep")
    assert loaded.run(["/bin/kill", "-9", str(pid)]).status == 0


@pytest.mark.lab
def test_a_profile_that_takes_no_signals_can_still_be_ended(lab_kernel: Lab, silent_blob: bytes) -> None:
    lab_kernel.load(silent_blob)
    try:
        assert lab_kernel.run(["/bin/cat", "/etc/passwd"], profile="lab-silent").status == 0
        with pytest.raises(KernelError, match="did not end within"):
            lab_kernel.run(["/bin/sh", "-c", "setsid sleep 77 & sleep 77"], profile="lab-silent", timeout=0.5)
        assert b"sleep 77" not in lab_kernel.run(["/bin/ps"]).stdout
    finally:
        lab_kernel.remove("lab-silent")


@pytest.mark.lab
def test_every_program_has_a_path_of_its_own(lab_kernel: Lab) -> None:
    assert lab_kernel.run(["/bin/readlink", "/bin/cat"]).stdout == b""


@pytest.mark.lab
def test_the_features_tree_is_the_kernels(lab_kernel: Lab) -> None:
    features = lab_kernel.features()
    assert isinstance(features["file"], dict)
    assert "read" in str(features["file"]["mask"])
    newest = lab_kernel.name not in ("lab 6.1", "lab 6.12")
    assert ("network_v9" in features) == newest


@pytest.mark.lab
def test_files_go_there_and_back(lab_kernel: Lab) -> None:
    content = bytes(range(256)) * 1000
    lab_kernel.put_file("/tmp/new/file", content, 0o600)
    assert lab_kernel.get_file("/tmp/new/file") == content


@pytest.mark.lab
def test_mounting_and_pivoting_work_for_the_unconfined(lab_kernel: Lab) -> None:
    script = "mount -t tmpfs t /mnt && mkdir /mnt/o && cp -a /bin /mnt/ && cd /mnt && pivot_root . o && echo done"
    assert lab_kernel.run(["/bin/unshare", "-m", "/bin/sh", "-c", script]).stdout == b"done\n"


@pytest.mark.lab
@pytest.mark.parametrize("argv", [[], ["/bin/echo", "a\0b"], ["/bin/echo", "\u20ac"]])
def test_an_argv_that_no_process_can_have_is_refused(lab_kernel: Lab, argv: list[str]) -> None:
    with pytest.raises(KernelError) as caught:
        lab_kernel.run(argv)
    assert caught.value.errno == errno.EINVAL


def test_a_batch_is_full_at_its_limit() -> None:
    batch = Batch()
    assert all(batch.add(Query("a", 2, b"/")) for _ in range(BATCH))
    assert not batch.add(Query("a", 2, b"/"))
    assert (batch.count, list(batch.labels)) == (BATCH, ["a"])


def test_a_query_longer_than_a_page_is_refused() -> None:
    with pytest.raises(KernelError, match="longer than a page"):
        Batch().add(Query("a", 2, b"x" * 70_000))
