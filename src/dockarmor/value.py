"""Frozen, slotted values that cost nothing until the first of them is made.

`@frozen` is `@dataclass(frozen=True, slots=True)` without its price at import: dataclasses writes and compiles five
functions for each class, and brings inspect and ast along, together half of the time in which a small file is
checked (docs/decisions/0008-values.md). Here a class writes its `__init__` when the first instance is made.
"""

from _operator import attrgetter
from collections.abc import Callable
from functools import cache
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, TypeVar, overload

if TYPE_CHECKING:
    from typing import dataclass_transform
else:

    def dataclass_transform(**_: Any) -> Any:
        return lambda function: function


T = TypeVar("T")
_MISSING: Any = object()


class Field:
    """How a field differs from the usual: its default, and whether it is compared and shown."""

    __slots__ = ("compare", "default", "factory", "name", "repr")

    def __init__(self, default: Any, factory: Any, compare: bool, repr: bool) -> None:
        self.name = ""
        self.default, self.factory, self.compare, self.repr = default, factory, compare, repr


@overload
def field(*, default: T, compare: bool = True, repr: bool = True) -> T: ...
@overload
def field(*, default_factory: Callable[[], T], compare: bool = True, repr: bool = True) -> T: ...
@overload
def field(*, compare: bool = True, repr: bool = True) -> Any: ...
def field(
    *, default: Any = _MISSING, default_factory: Any = _MISSING, compare: bool = True, repr: bool = True
) -> Any:
    """A field that is not compared, not shown, or whose default is made anew for each value."""
    return Field(default, default_factory, compare, repr)


@overload
def frozen(cls: type[T], /) -> type[T]: ...
@overload
def frozen(*, eq: bool = True) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: Any = None, /, *, eq: bool = True) -> Any:
    """Make a class of annotated fields a value: slots, `__init__`, equality and hash by its fields, a repr.

    `eq=False`: an instance equals only itself.

    >>> @frozen
    ... class Point:
    ...     x: int
    ...     y: int = 0
    >>> Point(1), Point(1) == Point(1, 0), replace(Point(1), y=2)
    (Point(x=1, y=0), True, Point(x=1, y=2))
    """
    return _made(cls, eq, True)


@overload
def mutable(cls: type[T], /) -> type[T]: ...
@overload
def mutable(*, eq: bool = True) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(field_specifiers=(field,))
def mutable(cls: Any = None, /, *, eq: bool = True) -> Any:
    """The same for a record that is filled while something is built: its fields can be set, it has no hash."""
    return _made(cls, eq, False)


def fields(made: Any) -> tuple[Field, ...]:
    """The fields of a value or of its class, in the order of `__init__`."""
    found: tuple[Field, ...] = made._fields_
    return found


def replace(made: T, /, **changes: Any) -> T:
    """A copy with some fields changed."""
    for one in fields(made):
        if one.name not in changes:
            changes[one.name] = getattr(made, one.name)
    return type(made)(**changes)


def asdict(made: Any) -> Any:
    """Values as mappings all the way down, for JSON."""
    if hasattr(made, "_fields_"):
        return {one.name: asdict(getattr(made, one.name)) for one in fields(made)}
    if isinstance(made, (tuple, list)):
        return type(made)(asdict(one) for one in made)
    if isinstance(made, dict):
        return {key: asdict(one) for key, one in made.items()}
    return made


def _made(cls: Any, eq: bool, constant: bool) -> Any:
    if cls is None:
        return lambda made: _made(made, eq, constant)
    namespace = dict(cls.__dict__)
    inherited = [one for base in reversed(cls.__mro__[1:]) for one in base.__dict__.get("_fields_", ())]
    found = {one.name: one for one in inherited}
    own = tuple(namespace.get("__annotations__", ()))
    for name in own:
        default = namespace.pop(name, _MISSING)
        one = default if isinstance(default, Field) else Field(default, _MISSING, True, True)
        one.name = name
        found[name] = one
    namespace.pop("__dict__", None)
    namespace.pop("__weakref__", None)
    known = {one.name for one in inherited}
    namespace["__slots__"] = tuple(name for name in own if name not in known)
    namespace["_fields_"] = tuple(found.values())
    namespace["__match_args__"] = tuple(found)
    namespace.setdefault("__init__", _first_init)
    namespace.setdefault("__repr__", _repr)
    namespace.update(__getstate__=_getstate, __setstate__=_setstate)
    if constant:
        namespace.update(__setattr__=_frozen_set, __delattr__=_frozen_delete)
    if eq:
        _add_equality(namespace, [one.name for one in found.values() if one.compare], constant)
    return type(cls)(cls.__name__, cls.__bases__, namespace)


def _first_init(self: Any, *args: Any, **named: Any) -> None:
    """Stands in for `__init__` until the first instance: writes the real one, and calls it."""
    cls: Any = next(base for base in type(self).__mro__ if base.__dict__.get("__init__") is _first_init)
    written = cls.__init__ = _written_init(cls)
    written(self, *args, **named)


def _written_init(cls: Any) -> Any:
    # Slot descriptors set past the `__setattr__` of a frozen class, and faster than object.__setattr__ does.
    known: dict[str, Any] = {"_missing": _MISSING}
    shape, defaults = "", []
    for number, one in enumerate(fields(cls)):
        known[f"_set{number}"] = getattr(cls, one.name).__set__
        shape += "s" if one.factory is _MISSING else "m"
        if one.factory is not _MISSING:
            known[f"_made{number}"] = one.factory
            defaults.append(_MISSING)
        elif one.default is not _MISSING:
            defaults.append(one.default)
        elif defaults:
            raise TypeError(f"{cls.__name__}.{one.name} has no default and follows a field that has one")
    names = ("self", *[one.name for one in fields(cls)])
    code = _template(shape).replace(co_varnames=names, co_qualname=f"{cls.__qualname__}.__init__")
    return FunctionType(code, known, "__init__", tuple(defaults))


@cache
def _template(shape: str) -> CodeType:
    """The code of an `__init__` for fields of this shape, whatever their names: `s` is set, `m` may be made anew.

    To compile one for each class would take a tenth of a short run.
    """
    parameters = [f"_{number}" for number in range(len(shape))]
    body = [
        f" _set{number}(self, _made{number}() if _{number} is _missing else _{number})"
        if kind == "m"
        else f" _set{number}(self, _{number})"
        for number, kind in enumerate(shape)
    ]
    known: dict[str, Any] = {}
    exec(f"def __init__(self, {', '.join(parameters)}):\n" + ("\n".join(body) or " pass"), known)
    code: CodeType = known["__init__"].__code__
    return code


def _add_equality(namespace: dict[str, Any], names: list[str], constant: bool) -> None:
    get = attrgetter(*names) if names else type

    def __eq__(self: Any, other: Any) -> Any:
        return get(self) == get(other) if self.__class__ is other.__class__ else NotImplemented

    namespace.setdefault("__eq__", __eq__)
    if constant:
        namespace.setdefault("__hash__", lambda self: hash(get(self)))
        if namespace["__hash__"] is None:  # what a class body with `__eq__` says
            namespace["__hash__"] = lambda self: hash(get(self))
    else:
        namespace["__hash__"] = None


def _repr(self: Any) -> str:
    shown = ", ".join(f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr)
    return f"{type(self).__qualname__}({shown})"


def _getstate(self: Any) -> list[Any]:
    return [getattr(self, one.name) for one in fields(self)]


def _setstate(self: Any, state: list[Any]) -> None:
    for one, what in zip(fields(self), state, strict=True):
        object.__setattr__(self, one.name, what)


def _frozen_set(self: Any, name: str, _: Any) -> None:
    raise AttributeError(f"cannot assign to {name!r}: {type(self).__name__} is a value")


def _frozen_delete(self: Any, name: str) -> None:
    raise AttributeError(f"cannot delete {name!r}: {type(self).__name__} is a value")
