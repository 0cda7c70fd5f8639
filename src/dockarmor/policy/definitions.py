"""What a preamble defines: sets, booleans and aliases, in the order of the text."""

from dockarmor.policy.condition import Known, holds
from dockarmor.policy.variables import Variables
from dockarmor.syntax.tree import BoolVariable, SetVariable
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Label
from dockarmor.text.source import Span


class Definitions:
    """What is defined so far."""

    def __init__(self) -> None:
        self.sets: dict[str, tuple[str, ...]] = {}
        self.booleans: dict[str, bool] = {}
        self.aliases: list[tuple[str, str]] = []
        #: values that `+=` brought since; appending to the tuples one by one would be quadratic
        self._added: dict[str, list[str]] = {}
        self._places: dict[str, Span] = {}
        #: what `sets` began with, and the names of those that are not the same any more
        self._common: Variables | None = None
        self._own: set[str] = set()

    def nothing(self) -> bool:
        return not (self.sets or self.booleans or self.aliases)

    def settled(self) -> "Definitions":
        """The same, for many to begin with (`copy`): what they leave as it is they expand only once."""
        made = self.copy()
        made._common, made._own = Variables(dict(made.sets)), set()
        return made

    def copy(self) -> "Definitions":
        self._add()
        made = Definitions()
        made.sets, made.booleans, made.aliases = dict(self.sets), dict(self.booleans), list(self.aliases)
        made._places, made._common, made._own = dict(self._places), self._common, set(self._own)
        return made

    def boolean(self, node: BoolVariable) -> None:
        """Sets and booleans share their names: `:=` makes one of the other."""
        name = node.name.text
        known = name in self.booleans or name in self.sets
        if known and node.operator == "=":
            raise self._twice(node)
        value = holds(node.value, Known(self.variables(), self.booleans))
        if known and node.operator == "?=":
            return
        self.booleans[name] = value
        self.sets.pop(name, None)
        self._own.add(name)
        self._places.setdefault(name, node.span)

    def set(self, node: SetVariable) -> None:
        name, operator = node.name.text, node.operator
        values = [value.text for value in node.values]
        known = name in self.sets
        self._own.add(name)
        if operator == "+=":
            if not known:
                message = f"@{{{name}}} is not defined yet: `+=` adds to what is there"
                help = ("write `=` to define it, or include the tunables that do before this line",)
                raise DiagnosticError([Diagnostic("DA107", message, node.span, help=help)])
            self._added.setdefault(name, []).extend(values)
            return
        if known or name in self.booleans:
            if operator == "=":
                raise self._twice(node)
            if operator == "?=":
                return
            self._added.pop(name, None)
            self.booleans.pop(name, None)
        else:
            self._places[name] = node.span
        self.sets[name] = tuple(values)

    def variables(self) -> Variables:
        """What is defined so far."""
        self._add()
        return Variables(dict(self.sets)) if self._common is None else self._common.but(dict(self.sets), self._own)

    def _add(self) -> None:
        for name, values in self._added.items():
            self.sets[name] += tuple(values)
        self._added.clear()

    def _twice(self, node: SetVariable | BoolVariable) -> DiagnosticError:
        others = (Label(self._places[node.name.text], "it is defined here first"),)
        sign = "$" if isinstance(node, BoolVariable) else "@"
        message = f"{sign}{{{node.name}}} is defined twice"
        adds = "`+=` adds values; " if isinstance(node, SetVariable) else ""
        help = (f"{adds}`:=` replaces; `?=` sets what is not set",)
        return DiagnosticError([Diagnostic("DA108", message, node.span, others=others, help=help)])
