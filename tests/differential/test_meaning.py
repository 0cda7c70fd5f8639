"""A rule of each kind, for each kernel and ABI: our blob means what the reference parser's does, over all strings."""

import subprocess
from pathlib import Path

import pytest

from dockarmor.compile.compare import compare
from dockarmor.compile.pipeline import compile_policy
from dockarmor.compile.reader import read_blob
from dockarmor.policy.features import builtin
from dockarmor.policy.read import library, read_text, require
from dockarmor.text.source import Source

KERNELS = ("kernel-6.1", "kernel-6.12", "kernel-6.17")
ABIS = (None, "abi/kernel-5.4-vanilla", "abi/kernel-5.4-outoftree-network", "abi/3.0", "abi/4.0")
RULES = (
    *("change_profile,", "change_profile /x -> y,", "change_profile safe /x -> y,", "change_profile unsafe /x -> y,"),
    *("change_profile -> :n://a,", "change_profile /x -> :n:a,", "change_profile unsafe /a* -> :n://b*,"),
    *("/x px -> y,", "/x cx -> y,", "/x Pix,", "/x ux,", "deny /x x,", "owner /x rwkl,", "link subset /x -> /y,"),
    *("capability,", "capability chown sys_admin,", "deny capability kill,", "audit capability setuid,"),
    *("network,", "network inet stream,", "network unix,", "network (send) inet,", "deny network inet6,"),
    *("unix,", "unix (send receive) type=stream,", "unix bind addr=@a*,", "unix send peer=(label=b, addr=none),"),
    *(
        "signal,",
        "signal send set=(hup rtmin+3) peer=b,",
        "ptrace,",
        "ptrace (read) peer=b,",
        "userns,",
        "userns create,",
    ),
    *(
        "mount,",
        "mount options=(ro bind) /a -> /b/,",
        "remount /a/,",
        "umount /a/,",
        "pivot_root oldroot=/a/ /b/ -> c,",
    ),
    *(
        "dbus,",
        "dbus send bus=session path=/a peer=(name=b),",
        "mqueue,",
        "mqueue (read) type=posix /a,",
        "io_uring,",
    ),
    *("set rlimit nofile <= 10,", "set rlimit cpu <= 2 hours,", "file,", "^h { /a r, }"),
    *("all,", "mount, umount, pivot_root,"),
)


@pytest.mark.slow
@pytest.mark.reference
@pytest.mark.parametrize("abi", ABIS)
@pytest.mark.parametrize("kernel", KERNELS)
def test_a_rule_of_each_kind(
    kernel: str, abi: str | None, reference_parser: Path, shared: Path, corpus: Path, tmp_path: Path
) -> None:
    base = corpus / "upstream" / "apparmor.d"
    includes, out = library(str(base)), tmp_path / "theirs"
    command = [
        str(reference_parser),
        "-QTKq",
        "-M",
        str(shared / "features" / kernel),
        "-b",
        str(base),
        "-o",
        str(out),
    ]
    different = []
    for rule in RULES:
        text = f"{f'abi <{abi}>,' if abi else ''}\nprofile p {{\n{rule}\n}}\n"
        subprocess.run(command, input=text.encode(), check=True, capture_output=True)
        ours = compile_policy(require(read_text(Source("p", text), includes)).policy, builtin(kernel)).blob
        found = compare(read_blob(ours), read_blob(out.read_bytes()))
        different += [f"{rule} {one}" for one in found]
    assert different == []
