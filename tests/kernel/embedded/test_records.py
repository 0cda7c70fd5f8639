"""Audit records in the kernel's own form, byte for byte."""

from hypothesis import given
from hypothesis import strategies as st

from dockarmor.access.event import Event
from dockarmor.access.request import FileRequest
from dockarmor.audit.record import read_record
from dockarmor.kernel.embedded.records import Stamp, Task, body, of_task, untrusted
from dockarmor.rules.kind import Bare, RecordPairs

OPEN = RecordPairs(
    "open",
    "file",
    b"/x",
    (("requested_mask", "wr"), ("denied_mask", "w"), ("fsuid", 0), ("ouid", 0)),
)
TASK = Task(7, b"cat", 1000)


def test_a_denied_open() -> None:
    assert body("DENIED", "p", OPEN, TASK) == (
        'apparmor="DENIED" operation="open" class="file" profile="p" name="/x" pid=7 comm="cat" '
        'requested_mask="wr" denied_mask="w" fsuid=0 ouid=0'
    )


def test_kernels_before_6_2_print_no_class() -> None:
    assert ' operation="open" profile="p" ' in body("DENIED", "p", OPEN, TASK, classes=False)


def test_a_remark_brings_the_error_along() -> None:
    line = body("DENIED", "p", OPEN, TASK, info="Failed name lookup - deleted entry", error=2)
    assert ' class="file" info="Failed name lookup - deleted entry" error=-2 profile="p" ' in line
    assert "error" not in body("DENIED", "p", OPEN, TASK, error=13)


def test_a_namespace_is_a_pair_of_its_own() -> None:
    assert ' namespace="n//m" profile="p//q" ' in body("DENIED", ":n//m:p//q", OPEN, TASK)


def test_a_capability_has_no_name_and_a_number_followed_by_a_blank() -> None:
    pairs = RecordPairs("capable", "cap", None, (("capability", Bare("21 ")), ("capname", "sys_admin")))
    assert body("DENIED", "p", pairs, TASK) == (
        'apparmor="DENIED" operation="capable" class="cap" profile="p" pid=7 comm="cat" '
        'capability=21  capname="sys_admin"'
    )


def test_words_of_the_kernel_are_quoted_and_the_text_of_others_is_quoted_or_hex() -> None:
    pairs = RecordPairs("mount", "mount", b"/a b", (("flags", "ro, nosuid"), ("peer", "a b"), ("srcname", b"x")))
    line = body("DENIED", "p q", pairs, Task(1, b"a task's long name"))
    assert "profile=702071 name=2F612062 pid=1 comm=61207461736B2773206C6F6E67206E " in line
    assert line.endswith('flags="ro, nosuid" peer=612062 srcname="x"')


def test_the_task_says_who_it_is_and_whose_the_file_is() -> None:
    mine = of_task(OPEN, FileRequest(4, b"/x"), TASK)
    others = of_task(OPEN, FileRequest(4, b"/x", owner=False), TASK)
    assert mine.pairs[2:] == (("fsuid", 1000), ("ouid", 1000))
    assert others.pairs[2:] == (("fsuid", 1000), ("ouid", 65534))


def test_a_stamp() -> None:
    assert str(Stamp(1724847289, 5, 631)) == "audit(1724847289.005:631)"


@given(st.binary(min_size=1))
def test_what_is_written_is_what_is_read(name: bytes) -> None:
    line = f"audit(1.002:3): {body('DENIED', 'p', RecordPairs('open', 'file', name), TASK)}"
    found = read_record(line)
    assert isinstance(found, Event)
    assert found.fields["name"] == name.decode("latin-1")
    assert line.isprintable()
    assert untrusted(name).isascii()
