"""The embedded kernel and real ones hold the same policy to mean the same."""

import subprocess
from collections.abc import Callable
from errno import EEXIST, EFBIG, EINVAL, ENOENT, EPROTO, EPROTONOSUPPORT
from pathlib import Path

import pytest

from dockarmor.ask.subject import from_policy
from dockarmor.compile.reader import read_blob
from dockarmor.kernel.embedded.era import LINUX_6_1, LINUX_6_12, LINUX_6_17
from dockarmor.kernel.embedded.kernel import Embedded
from dockarmor.kernel.lab import Lab
from dockarmor.kernel.protocol import Kernel, KernelError, Query
from dockarmor.kernel.queries import generate
from dockarmor.policy.builtin import builtin_base
from dockarmor.policy.features import FeatureSet
from dockarmor.policy.read import library, read_text, require
from dockarmor.rules.registry import ALL
from dockarmor.text.source import Source

pytestmark = pytest.mark.lab

QUERIES = 20_000
#: three kernels together answer a million
MANY = 1_000_000 // 3 + 1
READ = 4
#: profiles that between them use every part of the tables
AGREEMENT = """
profile lab-files {
  /etc/** r,
  deny /etc/shadow r,
  audit deny /etc/sudoers{,.d/**} rw,
  owner /home/*/** rwkl,
  audit /home/*/.ssh/** r,
  /usr/{bin,lib}/[a-m]* mrix,
  /usr/bin/n* px -> lab-modes,
  /usr/bin/o* cx -> child,
  link subset /var/a/* -> /var/b/*,
  /opt/??/x{1,2,30}y* w,
  profile child { /c/** r, }
}
profile lab-classes {
  network inet stream,
  network netlink,
  deny network packet,
  audit network inet6 dgram,
  unix (connect, send, receive) type=stream peer=(label=lab-files),
  unix bind type=dgram addr=@lab*,
  signal (send) set=(term, kill) peer=lab-*,
  signal receive peer=unconfined,
  audit deny signal send set=hup,
  ptrace read peer=lab-files,
  deny ptrace trace,
  mount fstype=(proc, sysfs) options=(ro, nosuid) proc -> /mnt/,
  mount options=(rw, rbind) /a/** -> /b/,
  umount /mnt/**,
  pivot_root oldroot=/new/old /new,
  dbus send bus=system path=/org/x/** interface=org.x peer=(name=org.x),
  userns create,
  io_uring sqpoll,
  change_profile /bin/* -> lab-modes,
  capability sys_admin,
}
profile lab-audit flags=(audit) { /a/** r, deny /b/** r, network unix, signal, }
profile lab-complain flags=(complain) { /a/** r, deny /b/** r, network unix, owner /c/* rw, }
profile lab-kill flags=(kill) { /a/** r, audit deny /b/** r, ptrace, }
profile lab-modes flags=(unconfined) { userns, }
profile lab-capabilities { capability net_admin, }
profile lab-nothing { }
"""


def compiled(text: str, features: FeatureSet) -> bytes:
    """The blob of a policy text for a kernel's features, with our own tunables."""
    resolved = require(read_text(Source("test", text), library(builtin_base())))
    return from_policy("test", resolved.policy, features).blob


@pytest.fixture
def both(lab_kernel: Lab, tmp_path: Path) -> tuple[Lab, Embedded]:
    era = {"lab 6.1": LINUX_6_1, "lab 6.12": LINUX_6_12}.get(lab_kernel.name, LINUX_6_17)
    embedded = Embedded(str(tmp_path), lab_kernel.features(), ALL, era=era)
    for profile in lab_kernel.profiles():
        if "//" not in profile.name:
            lab_kernel.remove(profile.name)
    return lab_kernel, embedded


def features(lab: Lab) -> FeatureSet:
    return FeatureSet.from_tree(lab.name, lab.features())


def test_random_queries_are_answered_the_same(both: tuple[Lab, Embedded]) -> None:
    lab, embedded = both
    blob = compiled(AGREEMENT, features(lab))
    for kernel in both:
        kernel.load(blob)
    profiles = read_blob(blob).profiles
    queries = [
        query
        for seed, profile in enumerate(profiles)
        for query in generate(profile, QUERIES // len(profiles) + 1, seed)
    ]
    assert len(queries) >= QUERIES
    answers = list(zip(queries, lab.access(queries), embedded.access(queries), strict=True))
    assert [(query, real, ours) for query, real, ours in answers if real != ours] == []
    granted = sum(bool(real.allow & READ) for _, real, _ in answers)
    assert QUERIES / 10 < granted < QUERIES * 9 / 10


@pytest.mark.slow
@pytest.mark.shared
def test_a_million_queries_about_real_profiles_are_answered_the_same(
    both: tuple[Lab, Embedded], corpus: Path
) -> None:
    lab, _ = both
    files = [
        file
        for folder in ("upstream/apparmor.d", "heavy")
        for file in sorted((corpus / folder).iterdir())
        if file.is_file()
    ]
    count = granted = 0
    for place, file in enumerate(files):
        resolved = require(read_text(Source(file.name, file.read_text("latin-1")), library(str(file.parent))))
        blob = from_policy(file.name, resolved.policy, features(lab)).blob
        for kernel in both:
            kernel.load(blob)
        profiles = read_blob(blob).profiles
        wanted = (MANY - count) // (len(files) - place) + 1
        for seed, profile in enumerate(profiles):
            label = f":{profile.namespace}:{profile.name}" if profile.namespace else profile.name
            queries = generate(profile, wanted // len(profiles) + 1, seed, label=label)
            answers = list(zip(queries, lab.access(queries), both[1].access(queries), strict=True))
            assert [answer for answer in answers if answer[1] != answer[2]] == [], file.name
            count += len(queries)
            granted += sum(bool(real.allow & READ) for _, real, _ in answers)
        for name in {profile.name.partition("//")[0] for profile in lab.profiles()}:
            for kernel in both:
                kernel.remove(name)
    print(f"{lab.name}: {count} queries, {granted} of them grant reading")
    assert count >= MANY
    assert count / 10 < granted < count * 9 / 10


@pytest.mark.shared
@pytest.mark.reference
def test_real_profiles_of_the_reference_parser_are_answered_the_same(
    both: tuple[Lab, Embedded], corpus: Path, shared: Path, reference_parser: Path, tmp_path: Path
) -> None:
    lab, _ = both
    base = corpus / "heavy"
    folder = shared / "features" / f"kernel-{lab.name.removeprefix('lab ')}"
    for name in ("systemd", "element-desktop", "newgrp"):
        out = tmp_path / "blob"
        argv = [reference_parser, "-QTK", "-M", folder, "-b", base, "-o", out, base / name]
        subprocess.run(argv, check=True, capture_output=True)
        for kernel in both:
            kernel.load(out.read_bytes())
        for seed, profile in enumerate(read_blob(out.read_bytes()).profiles):
            queries = generate(profile, 500, seed)
            assert lab.access(queries) == both[1].access(queries)


def test_profiles_are_listed_the_same_whatever_is_loaded_over_them(both: tuple[Lab, Embedded]) -> None:
    lab, embedded = both
    first = compiled(
        "profile p { /x r, ^1 { /y r, } ^2 { /y r, } profile c { profile d { /z r, } } }\n" + AGREEMENT, features(lab)
    )
    second = compiled("profile q { }\nprofile p { /x2 r, ^3 { /y r, } ^2 { /y2 r, } }", features(lab))
    for blob in (first, second, second, first):
        for kernel in both:
            kernel.load(blob)
        assert embedded.profiles() == lab.profiles()
    for name in ("p//1", "lab-files", "p"):
        for kernel in both:
            kernel.remove(name)
        assert embedded.profiles() == lab.profiles()


def refusal(act: Callable[[Kernel], object], kernel: Kernel) -> int:
    try:
        act(kernel)
    except KernelError as error:
        return error.errno
    return 0


def test_what_one_refuses_the_other_refuses_for_the_same_reason(both: tuple[Lab, Embedded]) -> None:
    lab, _ = both
    blob = compiled("profile p { /x r, ^h { /y r, } }", features(lab))
    orphan = compiled("profile o//c { /x r, }", features(lab))
    version = bytearray(blob)
    version[12] = 4
    for kernel in both:
        kernel.load(blob)
    refused: dict[str, tuple[Callable[[Kernel], object], int]] = {
        "add what is there": (lambda kernel: kernel.load(blob, replace=False), EEXIST),
        "cut by a byte": (lambda kernel: kernel.load(blob[:-1]), EPROTO),
        "cut short": (lambda kernel: kernel.load(blob[:60]), EPROTO),
        "unknown version": (lambda kernel: kernel.load(bytes(version)), EPROTONOSUPPORT),
        "no policy": (lambda kernel: kernel.load(b"no policy"), EPROTONOSUPPORT),
        "no parent": (lambda kernel: kernel.load(orphan), ENOENT),
        "remove none": (lambda kernel: kernel.remove("none"), ENOENT),
        "remove no child": (lambda kernel: kernel.remove("p//none"), ENOENT),
        "remove no namespace": (lambda kernel: kernel.remove(":none:"), ENOENT),
        "ask none": (lambda kernel: kernel.access([Query("none", 2, b"/")]), ENOENT),
        "ask a label without a name": (lambda kernel: kernel.access([Query("//&p", 2, b"/")]), ENOENT),
        "ask no label": (lambda kernel: kernel.access([Query("", 2, b"/")]), EINVAL),
        "ask too much": (lambda kernel: kernel.access([Query("p", 2, b"/" * 4071)]), EFBIG),
    }
    # Not cut between a permission table and its automaton: 6.17 follows a null pointer there and is gone.
    for what, (act, errno) in refused.items():
        assert [refusal(act, kernel) for kernel in both] == [errno, errno], what
    longest = [Query("p", 2, b"/" * 4070)]
    assert both[0].access(longest) == both[1].access(longest)
    assert both[0].profiles() == both[1].profiles()
