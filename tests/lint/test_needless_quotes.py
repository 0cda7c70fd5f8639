"""Quotes that change nothing, and those that do."""

from collections.abc import Callable

import pytest

from dockarmor.policy.read import grammar
from dockarmor.syntax.structure import parse
from dockarmor.text.diagnostic import Diagnostic
from dockarmor.text.source import Source

Find = Callable[..., list[Diagnostic]]
Fixed = Callable[[list[Diagnostic]], str]

NEEDLESS = [
    '"/etc/a" r,',
    'owner "/x/**" r -> "/y",',
    'file r "/g",',
    'file "/f" rw,',
    '/bin/sh px -> "foo",',
    'link "/l" -> "/m",',
    'signal peer="docker-default",',
    'ptrace peer="a",',
    'dbus send bus="session" path="/a" interface="b" member="c" peer=(name="d", label="e"),',
    'unix connect addr="@foo" peer=(label="x"),',
    'umount "/x",',
    'mount fstype="ext4" options=("ro") "/dev/x" -> "/mnt/",',
    'pivot_root oldroot="/a" "/b" -> "c",',
    'change_profile "/bin/a" -> "b",',
    'mqueue type=posix "/q",',
    'io_uring label="a",',
]


@pytest.mark.parametrize("rule", NEEDLESS)
def test_without_them_the_rule_is_the_same(rule: str, find: Find, fixed: Fixed) -> None:
    text = f"profile app {{\n  {rule}\n}}\n"
    found = find("DA383", text)
    assert found
    assert all(one.fix is not None and one.fix.safe for one in found)
    mended = fixed(found)
    assert tree(mended) == tree(text)
    assert not find("DA383", mended)


def test_variables_and_attachments_but_not_the_name_of_a_profile(find: Find, fixed: Fixed) -> None:
    text = '@{X} = "/a" "/b c"\nprofile "app" "/usr/bin/app" {\n  @{X} r,\n  signal peer="app",\n}\n'
    found = find("DA383", text)
    assert [one.span.text for one in found if one.span] == ['"/a"', '"/usr/bin/app"']
    assert tree(fixed(found)) == tree(text)


@pytest.mark.parametrize(
    "rule",
    [
        '"/a b" r,',
        '"/a,b" r,',
        '"/{a,b}" r,',
        '"/a\\"b" r,',
        '"/a\\040b" r,',
        '/a r, # a "word" in a comment',
        'signal peer="a b",',
        'dbus send bus=session peer=(name="d",label=e),',
        'unix peer=(label="{a,b}"),',
    ],
)
def test_quotes_that_are_needed_or_usual_stay(rule: str, find: Find) -> None:
    assert not find("DA383", f"profile app {{\n  {rule}\n}}\n")


def tree(text: str) -> object:
    parsed = parse(Source("p", text), grammar())
    assert not parsed.diagnostics
    return parsed.file.body
