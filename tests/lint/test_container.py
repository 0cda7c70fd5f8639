"""Which policies are meant for containers, and what is said of those only."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dockarmor.containers.default import page, today
from dockarmor.lint.container import meant_for_containers
from dockarmor.lint.registry import ALL
from dockarmor.policy.builtin import builtin_base
from dockarmor.policy.read import grammar, library
from dockarmor.policy.resolve import resolve
from dockarmor.syntax.structure import parse
from dockarmor.text.diagnostic import Diagnostic
from dockarmor.text.source import Source

Find = Callable[..., list[Diagnostic]]
Fixed = Callable[[list[Diagnostic]], str]
FLAGS = "flags=(attach_disconnected,mediate_deleted)"


def meant(text: str, base: str | None = None) -> bool:
    parsed = parse(Source("p", text), grammar())
    return meant_for_containers(resolve(parsed, library(base or builtin_base())).policy, parsed.file)


@pytest.mark.parametrize(
    "text",
    [
        "profile docker-web { }\n",
        "profile cri-containerd.apparmor.d { }\n",
        "profile containers-default-0.50.1 { }\n",
        "profile k8s_web { }\n",
        f"profile web {FLAGS} {{ file, }}\n",
        f"profile web {FLAGS} {{ deny mount, }}\n",
        "profile web {\n # dockarmor: container\n}\n",
        "# dockarmor: container\nprofile web /usr/bin/web { }\n",
    ],
)
def test_containers_are_known_by_comment_name_or_shape(text: str) -> None:
    assert meant(text)


@pytest.mark.parametrize(
    "text",
    [
        "profile web { file, }\n",
        "profile dockerd /usr/bin/dockerd { }\n",
        "profile docker /usr/bin/docker { }\n",
        f"profile web /usr/bin/web {FLAGS} {{ file, }}\n",
        f"profile web {FLAGS} {{ /a r, }}\n",
        "profile script { }\n",
        "profile ascribe { }\n",
        "# dockarmor: containers are not meant\nprofile web { }\n",
        "",
    ],
)
def test_other_policy_is_not_taken_for_a_container_s(text: str) -> None:
    assert not meant(text)


def test_no_profile_of_a_host_is_taken_for_a_container_s(corpus: Path) -> None:
    for folder in corpus.rglob("abstractions"):
        for file in folder.parent.iterdir():
            if file.is_file():
                assert not meant(file.read_text("latin-1"), str(folder.parent)), file.name


@pytest.mark.parametrize("code", [lint.code for lint in ALL if lint.container])
def test_today_s_default_is_clean(code: str, find: Find) -> None:
    assert not find(code, today())


def test_the_manual_page_s_default_leaves_the_kernel_s_files_writable(find: Find) -> None:
    (found,) = find("DA373", page())
    assert found.span is not None
    assert found.span.text == "file,"
    assert any("core_pattern" in note for note in found.notes)


def container(rules: str) -> str:
    return f"profile docker-web {FLAGS} {{ {rules} }}\n"


BAD = {
    "DA366": ["/a px,", "/a cx -> b,", "/a pix,", "change_profile -> b,", "change_profile,"],
    "DA370": ["mount,", "all,"],
    "DA371": ["capability sys_admin,", "capability chown sys_module,"],
    "DA372": ["ptrace,", "ptrace trace,", "ptrace (read) peer=**,"],
    "DA373": ["file,", "/** rw,", "/proc/sys/kernel/* w,", "file, deny /proc/*/[^k]** w,"],
    "DA374": ["/run/docker.sock rw,", "/{,var/}run/containerd/containerd.sock rw,"],
    "DA377": ["network,", "deny /a r,", "capability chown,"],
    "DA378": ["network inet stream,", "network inet, network unix,"],
}
GOOD = {
    "DA366": ["/a ix,", "/a px -> &b,", "change_profile -> &b,", "deny /a x,", "/a Ux,"],
    "DA370": ["deny mount,", "mount fstype=tmpfs,", "mount /a -> /b,", "deny mount, mount,", "umount,"],
    "DA371": [
        "capability,",
        "capability chown,",
        "deny capability sys_admin,",
        "capability bpf, deny capability bpf,",
    ],
    "DA372": [
        "ptrace peer=docker-web,",
        "ptrace (tracedby, readby),",
        "deny ptrace,",
        "ptrace peer=@{profile_name},",
    ],
    "DA373": [
        "/app/** rw,",
        "file, deny /proc/{sys/**,sysrq-trigger} w, deny /sys/** w,",
        "/** r,",
        "owner /proc/[0-9]*/** w,",
    ],
    "DA374": ["deny /run/docker.sock rw,", "/run/docker.sock r,", "/run/my-docker.socket rw,"],
    "DA377": ["/a r,", "file,", "all,"],
    "DA378": ["network,", "network inet, network inet6,", "network inet, deny network inet6,", "network unix,"],
}


@pytest.mark.parametrize(("code", "rules"), [(code, rules) for code in BAD for rules in BAD[code]])
def test_what_opens_a_container_is_found(code: str, rules: str, find: Find, fixed: Fixed) -> None:
    found = find(code, container(rules))
    assert found
    if all(one.fix for one in found):
        assert not find(code, fixed(found))
    assert not find(code, f"profile web {{ {rules} }}\n")


@pytest.mark.parametrize(("code", "rules"), [(code, rules) for code in GOOD for rules in GOOD[code]])
def test_what_does_not_is_not(code: str, rules: str, find: Find) -> None:
    assert not find(code, container(rules))


def test_bare_ptrace_is_narrowed_to_the_profile(find: Find, fixed: Fixed) -> None:
    assert fixed(find("DA372", container("ptrace (read),"))) == container("ptrace (read) peer=@{profile_name},")


def test_an_attachment_is_found_where_a_comment_says_container(find: Find) -> None:
    (found,) = find("DA375", "# dockarmor: container\nprofile web /usr/bin/web { }\n")
    assert found.span is not None
    assert found.span.text == "/usr/bin/web"
    assert not find("DA375", "# dockarmor: container\nprofile web { }\n")


def test_an_attachment_beside_a_name_is_taken_out(find: Find, fixed: Fixed) -> None:
    text = "# dockarmor: container\nprofile web /usr/bin/web flags=(complain) { }\n"
    assert fixed(find("DA375", text)) == text.replace(" /usr/bin/web", "")
    (found,) = find("DA375", "# dockarmor: container\nprofile /usr/bin/web { }\n")
    assert found.fix is None


def test_a_capability_is_left_out_alone(find: Find, fixed: Fixed) -> None:
    for before, after in (("chown sys_module", "chown"), ("bpf chown", "chown"), ("chown bpf kill", "chown kill")):
        text = container(f"capability {before},")
        assert fixed(find("DA371", text)) == container(f"capability {after},")


def test_the_kernel_s_files_are_denied_one_by_one(find: Find, fixed: Fixed) -> None:
    mended = fixed(find("DA373", "profile docker-web {\n  /** rw,\n}\n"))
    assert mended.startswith("profile docker-web {\n  deny /proc/sys/kernel/core_pattern w,\n  deny ")
    mended = fixed(find("DA373", "profile docker-web {\n  file,\n}\n"))
    assert mended.startswith("profile docker-web {\n  file,\n  deny /proc/sys/kernel/core_pattern w,\n  deny ")


@pytest.mark.parametrize(
    ("header", "mended"),
    [
        ("profile docker-web", f"profile docker-web {FLAGS}"),
        (
            "profile docker-web flags=(complain)",
            "profile docker-web flags=(complain,attach_disconnected,mediate_deleted)",
        ),
        ("profile docker-web (mediate_deleted)", "profile docker-web (mediate_deleted,attach_disconnected)"),
        ('profile "docker web"', f'profile "docker web" {FLAGS}'),
    ],
)
def test_missing_flags_are_added(header: str, mended: str, find: Find, fixed: Fixed) -> None:
    found = find("DA376", f"{header} {{\n  /a r,\n}}\n")
    assert fixed(found) == f"{mended} {{\n  /a r,\n}}\n"
    assert not find("DA376", fixed(found))
