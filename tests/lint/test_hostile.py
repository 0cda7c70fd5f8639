"""Files made to keep lints busy: thousands of rules of one kind, long words. None takes more than its length."""

import time
from collections.abc import Callable

import pytest

from dockarmor.lint.examine import examine
from dockarmor.policy.builtin import builtin_base
from dockarmor.policy.features import builtin
from dockarmor.policy.read import library
from dockarmor.text.source import Source

MANY = 2000
#: seconds of CPU for a file; each takes half of one
BOUND = 5


def rules(rule: Callable[[int], str], last: str = "", name: str = "docker-p") -> str:
    return f"profile {name} {{\n" + "".join(f"  {rule(number)}\n" for number in range(MANY)) + f"  {last}\n}}\n"


CASES = {
    "peers": rules(lambda _: "ptrace read peer=unconfined,\n  unix peer=(label=unconfined),"),
    "tracers": rules(lambda n: f"ptrace read peer=a{n},", "file,"),
    "signals": rules(lambda n: f"signal receive peer=a{n},"),
    "namespaces": rules(lambda _: "userns,"),
    "networks": rules(lambda _: "network inet stream,", "network inet6,"),
    "capabilities": rules(lambda _: "capability sys_admin,"),
    "names": f"profile docker-p {{\n  capability {'sys_admin ' * MANY},\n}}\n",
    "mounts": rules(lambda _: "mount,"),
    "links": rules(lambda n: f"/bin/a{n} r,"),
    "quotes": rules(lambda n: f'"/a{n}" r,'),
    "unconfined": rules(lambda n: f"/usr/bin/a{n} ux,"),
    "comments": rules(lambda _: "# dockarmor: allow DA360 -- why\n  /a r,"),
    "groups that begin alike": rules(lambda n: f"/etc/{{aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{n},b}} rw,", "/x ix,"),
    "one group": f"profile p {{\n  /{{{','.join(f'a{n}' for n in range(MANY))}}} rw,\n  /x ix,\n}}\n",
    "groups in a row": f"profile p {{\n  /{'{,a}' * (MANY // 4)} rw,\n  /x ix,\n}}\n",
    "long names": f"profile p {{\n  /{'a' * 60_000} rw,\n  /{'a' * 60_000} rix,\n}}\n",
    "profiles": "".join(f"profile docker-p{n} {{\n  file,\n}}\n" for n in range(500)),
    "children": rules(lambda n: f"profile c{n} /x{n} {{ }}"),
    "variables": "".join(f"@{{V{n}}} = /a\n" for n in range(MANY)) + "profile p {\n}\n",
}


@pytest.mark.parametrize("name", CASES)
def test_lints_do_not_compare_everything_with_everything(name: str) -> None:
    started = time.process_time()
    examine(Source("p", CASES[name]), library(builtin_base()), builtin("kernel-7.2"))
    assert time.process_time() - started < BOUND
