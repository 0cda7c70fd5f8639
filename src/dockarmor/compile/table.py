"""Entries of one table to an automaton with permissions."""

from array import array
from collections.abc import Sequence
from typing import Literal, cast

from dockarmor.automata.dfa import Dfa
from dockarmor.automata.limits import DEFAULT, LimitExceeded, Limits
from dockarmor.automata.minimise import minimise
from dockarmor.automata.pack import pack
from dockarmor.automata.subset import determinise
from dockarmor.automata.tables import Tables
from dockarmor.automata.trie import Trie
from dockarmor.automata.vectors import chosen
from dockarmor.compile.accept import (
    AcceptClasses,
    ExecConflict,
    Layout,
    file_pair,
    inline,
    policy_single,
)
from dockarmor.compile.compiled import FLAG_OWNER, CompiledTable, Use
from dockarmor.compile.encoding import PlacedEntry, exec_conflict, merge
from dockarmor.compile.permission_map import TableEntry
from dockarmor.compile.stream import MAX_ARRAY
from dockarmor.compile.tables import MAX_STATES_16
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Label
from dockarmor.value import field, frozen


@frozen
class Form:
    """How a kernel wants its tables.

    `permission_table`: permissions in a table of their own, else in accept words. `wide`: 32-bit state
    numbers where 16 bits do not hold them. `differential`, `classes`, `chain`: see automata.pack.
    """

    permission_table: bool = False
    wide: bool = False
    differential: bool = False
    classes: bool = False
    chain: int = 4
    abi: int = 7
    limits: Limits = field(default=DEFAULT)


def build(use: Literal["file", "policy"], placed: Sequence[PlacedEntry], form: Form) -> CompiledTable | None:
    """The table for these entries, None where there are none.

    Raises DiagnosticError: DA401 (exec conflict), DA402 (too many states), DA403 (too many different
    permissions), DA404 (a bound of the construction).
    """
    if not placed:
        return None
    merged = merge(placed)
    classes = AcceptClasses(use, _layout(use, form))
    dfa = construct(merged, classes, form)
    tables = packed(dfa, form, differential=form.differential, classes=form.classes)
    wide = len(tables.base) > MAX_STATES_16
    if wide and not form.wide:
        raise DiagnosticError([too_many_states(len(tables.base))])
    return _finish(use, tables, classes, form, wide)


def packed(dfa: Dfa, form: Form, *, differential: bool, classes: bool) -> Tables:
    """The tables of an automaton. Raises DiagnosticError (DA404)."""
    try:
        return pack(dfa, differential=differential, classes=classes, chain=form.chain, limits=form.limits)
    except LimitExceeded as reached:
        raise DiagnosticError([_limit(reached, [])]) from None


def _layout(use: Use, form: Form) -> Layout:
    if not form.permission_table:
        return inline
    return file_pair if use == "file" else policy_single


def construct(placed: Sequence[PlacedEntry], classes: AcceptClasses, form: Form) -> Dfa:
    """The minimal automaton of these entries. Raises DiagnosticError (DA401, DA404)."""
    examples: dict[int, PlacedEntry] = {}
    try:
        trie = Trie(form.limits)
        for one in placed:
            number = classes.number(one.entry)
            examples.setdefault(number, one)
            trie.add(one.entry.pattern, number)
        return minimise(determinise(trie, classes.value, classes.covered, form.limits))
    except ExecConflict as conflict:
        raise DiagnosticError([_find_conflict(placed, classes, conflict, form)]) from None
    except LimitExceeded as reached:
        culprits = [examples[accept] for accept in reached.culprits if accept in examples]
        raise DiagnosticError([_limit(reached, culprits)]) from None


def _finish(use: Use, tables: Tables, classes: AcceptClasses, form: Form, wide: bool) -> CompiledTable:
    if not form.permission_table:
        return inline_table(use, tables, classes, form, wide=wide)
    forms = [classes.layout(resolved) for resolved in classes.resolved]
    if use == "file":
        pairs = cast("list[tuple[TableEntry, TableEntry]]", forms)
        entries = tuple(entry for pair in pairs for entry in pair)
        accept = chosen(array("I", range(0, len(entries), 2)), tables.values)
        flags = array("I", [FLAG_OWNER]) * len(accept)
    else:
        entries = tuple(cast("list[TableEntry]", forms))
        accept, flags = array("I", tables.values), None
    if len(entries) > MAX_ARRAY:
        raise DiagnosticError([_too_many_permissions(len(entries))])
    return CompiledTable(_with_values(tables, accept), use, flags, entries, form.abi, wide=wide)


def inline_table(use: Use, tables: Tables, classes: AcceptClasses, form: Form, *, wide: bool) -> CompiledTable:
    """A table whose permissions stand in accept words."""
    words = [inline(resolved) for resolved in classes.resolved]
    accept = chosen(array("I", [first for first, _ in words]), tables.values)
    second = chosen(array("I", [second for _, second in words]), tables.values)
    return CompiledTable(_with_values(tables, accept), use, second, None, form.abi, wide=wide)


def _with_values(tables: Tables, values: "array[int]") -> Tables:
    return Tables(
        values=values,
        base=tables.base,
        default=tables.default,
        next=tables.next,
        check=tables.check,
        classes=tables.classes,
    )


# -- what went wrong --------------------------------------------------------------------------------------


def _find_conflict(
    placed: Sequence[PlacedEntry], classes: AcceptClasses, conflict: ExecConflict, form: Form
) -> Diagnostic:
    """The two rules behind a conflict of accept classes: compile only those, each as a class of its own."""
    suspects = {0: conflict.first, 1: conflict.second}
    among = [one for one in placed if classes.number(one.entry) in suspects.values()]

    def both(accepts: Sequence[int]) -> int:
        numbers = {classes.number(among[accept].entry): accept for accept in accepts}
        if conflict.first in numbers and conflict.second in numbers:
            raise ExecConflict(numbers[conflict.first], numbers[conflict.second])
        return 0

    trie = Trie(form.limits)
    for number, one in enumerate(among):
        trie.add(one.entry.pattern, number)
    try:
        determinise(trie, both, None, form.limits)
    except ExecConflict as found:
        first, second = sorted((found.first, found.second))
        return exec_conflict(among[first], among[second])
    raise AssertionError("a conflict vanished when only its rules were compiled")


def _limit(reached: LimitExceeded, culprits: Sequence[PlacedEntry]) -> Diagnostic:
    rules = [one.rule for one in culprits if one.rule is not None]
    span = rules[0].rule.span if rules else None
    return Diagnostic(
        "DA404",
        f"the automaton of this profile needs more than {reached.value} {reached.limit}",
        span,
        label="rules like this one make it grow" if rules else "",
        others=tuple(Label(rule.rule.span, "and this one") for rule in rules[1:4]),
        help=("patterns with several `*` or `**` in one path multiply; make some of them exact",),
    )


def too_many_states(states: int) -> Diagnostic:
    help = "split the profile, or compile for a kernel with the feature policy/state32"
    return Diagnostic(
        "DA402", f"the automaton has {states} states, this kernel reads at most {MAX_STATES_16}", help=(help,)
    )


def _too_many_permissions(entries: int) -> Diagnostic:
    return Diagnostic(
        "DA403",
        f"the profile needs {entries} permission entries, a kernel reads at most {MAX_ARRAY}",
        help=("split the profile",),
    )
