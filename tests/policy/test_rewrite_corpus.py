"""Laws of `write` and `rewrite` on every real file and language case that can be read."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dockarmor import make
from dockarmor.policy.read import grammar
from dockarmor.policy.written import rewrite, write
from dockarmor.syntax.structure import parse
from dockarmor.syntax.tree import Block, Conditional, File, Node, ProfileNode, walk
from dockarmor.text.source import Source
from dockarmor.value import replace

Plan = dict[int, Callable[[Node], list[Any]]]

#: what may happen to a node, and that it mostly stays
FATES: tuple[Callable[[Node, list[Node]], list[Any]], ...] = (
    *(3 * (lambda node, new: [node],)),
    lambda node, new: [],
    lambda node, new: new[:1],
    lambda node, new: new,
    lambda node, new: [node, *new],
    lambda node, new: [*new, node],
    lambda node, new: [node, node],
)


def files(corpus: Path, folder: str) -> list[File]:
    found = []
    step = 4 if folder == "simple_tests" else 1  # thousands of cases that differ in a word
    for path in sorted((corpus / folder).rglob("*"))[::step]:
        if path.is_file():
            parsed = parse(Source.from_bytes(str(path), path.read_bytes()), grammar())
            if not parsed.diagnostics:
                found.append(parsed.file)
    assert len(found) > 50
    return found


def planned(file: File, chance: random.Random) -> Plan:
    plan: Plan = {}
    for node in walk(file.body):
        new = make.policy(
            make.file(f"/new/{chance.randrange(99)}", "rw"), make.signal("send", peer=f"p{chance.randrange(9)}")
        ).body
        fate = chance.choice(FATES)
        plan[id(node.span)] = lambda node, fate=fate, new=list(new): fate(node, new)  # type: ignore[misc]
    return plan


def expected(nodes: tuple[Node, ...], plan: Plan) -> tuple[Any, ...]:
    """What the tree of the changed text must be."""
    found: list[Any] = []
    for node in nodes:
        inner: Node = node
        if isinstance(node, ProfileNode | Block):
            inner = replace(node, body=expected(node.body, plan))
        elif isinstance(node, Conditional):
            branches = tuple(replace(branch, body=expected(branch.body, plan)) for branch in node.branches)
            inner = replace(node, branches=branches)
        found += plan[id(node.span)](inner)
    return tuple(found)


@pytest.mark.shared
@pytest.mark.parametrize("folder", ["upstream", "heavy", "simple_tests"])
def test_a_changed_text_reads_as_the_changed_tree(corpus: Path, folder: str) -> None:
    for number, file in enumerate(files(corpus, folder)):
        assert rewrite(file, lambda node: node) == file.source.text
        plan = planned(file, random.Random(number))

        def change(node: Node, plan: Plan = plan) -> Any:
            result = plan[id(node.span)](node)
            return node if len(result) == 1 and result[0] is node else result

        again = parse(Source("changed", rewrite(file, change)), grammar())
        assert again.diagnostics == (), file.source.name
        assert again.file.body == expected(file.body, plan), file.source.name


@pytest.mark.shared
@pytest.mark.parametrize("folder", ["upstream", "heavy", "simple_tests"])
def test_every_tree_can_be_written_from_its_values(corpus: Path, folder: str) -> None:
    for file in files(corpus, folder):
        assert parse(Source("written", write(file)), grammar()).file.body == file.body, file.source.name
