"""Entries of one table to an automaton with permissions."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Literal, cast

from dockarmor.automata.determinise import determinise
from dockarmor.automata.dfa import Dfa
from dockarmor.automata.limits import DEFAULT, LimitExceeded, Limits
from dockarmor.automata.pack import pack
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
from dockarmor.compile.construction import construct, construct_all
from dockarmor.compile.encoding import PlacedEntry, exec_conflict, merge
from dockarmor.compile.permission_map import EXEC_BITS, TableEntry
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
    permissions = Permissions(use, form)
    try:
        dfa = construct(merged, permissions.classes, form.limits)
    except (ExecConflict, LimitExceeded) as error:
        raise DiagnosticError([_explained(error, merged, permissions.classes, form)]) from None
    return permissions.table(dfa)


def build_all(
    use: Literal["file", "policy"], several: Sequence[Sequence[PlacedEntry]], form: Form
) -> Iterator[CompiledTable | DiagnosticError | None]:
    """What `build` makes of each, or what it raises; made together, which is faster."""
    sound = list(map(_is_sound, several))
    together = [placed for placed, good in zip(several, sound, strict=True) if good]
    permissions = Permissions(use, form)
    made: Iterator[Dfa] | None = None
    if len(together) > 1:
        # Where some of them cannot be built: which, and why, is found one by one.
        with suppress(ExecConflict, LimitExceeded):
            made = construct_all(together, permissions.classes, form.limits)
    for placed, good in zip(several, sound, strict=True):
        try:
            yield permissions.table(next(made)) if made is not None and good else build(use, placed, form)
        except DiagnosticError as error:
            yield error


def _is_sound(placed: Sequence[PlacedEntry]) -> bool:
    """Is there something to build, and do no two rules run the same pattern in different ways?"""
    try:
        merge([one for one in placed if one.entry.permissions & EXEC_BITS])
    except DiagnosticError:
        return False
    return bool(placed)


class Permissions:
    """How the states of one or more tables say what they allow: the accept classes behind them, and their form."""

    def __init__(self, use: Use, form: Form) -> None:
        self.use, self.form = use, form
        self.classes = AcceptClasses("file" if use == "file" else "policy", _layout(use, form))
        self._words: list[tuple[int, int]] = []

    def table(self, dfa: Dfa) -> CompiledTable:
        """The table of an automaton with these classes' values. Raises DiagnosticError (DA402 to DA404)."""
        form = self.form
        try:
            tables = pack(
                dfa,
                differential=form.differential,
                classes=form.classes,
                chain=form.chain,
            )
        except LimitExceeded as reached:
            raise DiagnosticError([too_large(reached)]) from None
        wide = len(tables.base) > MAX_STATES_16
        if wide and not form.wide:
            raise DiagnosticError([too_many_states(len(tables.base))])
        return self._listed(tables, wide=wide) if form.permission_table else self._inline(tables, wide=wide)

    def _inline(self, tables: Tables, *, wide: bool) -> CompiledTable:
        """Permissions in accept words."""
        resolved = self.classes.resolved
        self._words += map(inline, resolved[len(self._words) :])
        first = chosen(array("I", [word for word, _ in self._words]), tables.values)
        second = chosen(array("I", [word for _, word in self._words]), tables.values)
        return CompiledTable(_with_values(tables, first), self.use, second, None, self.form.abi, wide=wide)

    def _listed(self, tables: Tables, *, wide: bool) -> CompiledTable:
        """Permissions in a table of their own; the trap's come first."""
        used = list(dict.fromkeys(tables.values))
        forms = [self.classes.layout(self.classes.resolved[value]) for value in used]
        if self.use == "file":
            entries, found = _paired(cast("list[tuple[TableEntry, TableEntry]]", forms))
        else:
            entries, found = cast("list[TableEntry]", forms), [(place, 0) for place in range(len(forms))]
        if len(entries) > MAX_ARRAY:
            raise DiagnosticError([_too_many_permissions(len(entries))])
        places = array("I", (0,)) * len(self.classes.resolved)
        flags = array("I", (0,)) * len(self.classes.resolved)
        for value, (place, flag) in zip(used, found, strict=True):
            places[value], flags[value] = place, flag
        return CompiledTable(
            _with_values(tables, chosen(places, tables.values)),
            self.use,
            chosen(flags, tables.values) if self.use == "file" else None,
            tuple(entries),
            self.form.abi,
            wide=wide,
        )


def _paired(pairs: "list[tuple[TableEntry, TableEntry]]") -> "tuple[list[TableEntry], list[tuple[int, int]]]":
    """A file's permission table, and for each pair of the owner's and the others' where it stands, and its flag.

    Where all have the same, one entry says so, without the flag that the next is for others (file.c,
    aa_lookup_condperms).
    """
    entries = [pairs[0][0]]  # the trap's
    where: dict[tuple[TableEntry, TableEntry], tuple[int, int]] = {}
    for pair in pairs:
        if pair[0] != pair[1]:
            where[pair] = len(entries), FLAG_OWNER
            entries += pair
    known = {entry: place for place, entry in reversed(list(enumerate(entries)))}
    for pair in pairs:
        if pair[0] == pair[1]:
            if pair[0] not in known:
                known[pair[0]] = len(entries)
                entries.append(pair[0])
            where[pair] = known[pair[0]], 0
    return entries, [where[pair] for pair in pairs]


def _layout(use: Use, form: Form) -> Layout:
    if not form.permission_table:
        return inline
    return file_pair if use == "file" else policy_single


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


def _explained(
    error: ExecConflict | LimitExceeded, placed: Sequence[PlacedEntry], classes: AcceptClasses, form: Form
) -> Diagnostic:
    if isinstance(error, ExecConflict):
        return _find_conflict(placed, classes, error, form)
    return too_large(error, _growing(placed, classes, error, form))


def _growing(
    placed: Sequence[PlacedEntry], classes: AcceptClasses, reached: LimitExceeded, form: Form
) -> Sequence[PlacedEntry]:
    """The rules that make an automaton grow, worst first: compile those of the classes that do, each told apart.

    All rules of the same permissions are of one class, and most of them are innocent.
    """
    among = [one for one in placed if classes.number(one.entry) in reached.culprits]
    if not among:  # too large before it was an automaton
        return ()
    numbers = [classes.number(one.entry) for one in among]
    try:
        _tell_apart(among, lambda accepts: classes.value(sorted({numbers[accept] for accept in accepts})), form)
    except (ExecConflict, LimitExceeded) as found:
        if isinstance(found, LimitExceeded):
            return [among[accept] for accept in found.culprits]
    return among  # what grows does so only together with the others


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

    try:
        _tell_apart(among, both, form)
    except ExecConflict as found:
        first, second = sorted((found.first, found.second))
        return exec_conflict(among[first], among[second])
    raise AssertionError("a conflict vanished when only its rules were compiled")


def _tell_apart(among: Sequence[PlacedEntry], value: Callable[[Sequence[int]], int], form: Form) -> None:
    """Compile these rules, each as a class of its own, for what that raises: its numbers are places among them."""
    trie = Trie(form.limits)
    for number, one in enumerate(among):
        trie.add(one.entry.pattern, number)
    determinise(trie, value, None, form.limits)


def too_large(reached: LimitExceeded, culprits: Sequence[PlacedEntry] = ()) -> Diagnostic:
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
