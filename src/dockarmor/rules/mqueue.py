"""Message queues: `mqueue (create, read) type=posix label=x /queue,`.

Linux itself mediates none of them; kernels that do say so in their features. Sources: apparmor.d(5), MESSAGE
QUEUE RULES.
"""

from collections.abc import Iterator
from typing import Literal

from dockarmor.rules.aare import ANY, ANYONE
from dockarmor.rules.conditions import COMBINATION, CONDITION, VALUE, WORD_UNKNOWN, Condition, Tail
from dockarmor.rules.kind import Dropped, Entry, Kind, Qualifiers, Scope
from dockarmor.rules.policy_entry import entry, mediated, not_enforced, word_pattern
from dockarmor.rules.spelling import spell, spell_permissions, spell_qualifiers, spell_value
from dockarmor.syntax.cursor import Cursor, Word
from dockarmor.text.source import Span
from dockarmor.value import field, frozen

NAMES = {
    "write": 0x2,
    "read": 0x4,
    "create": 0x10,
    "delete": 0x20,
    "open": 0x40,
    "setattr": 0x100,
    "getattr": 0x200,
}
EVERY = sum(NAMES.values())
_READ, _WRITE, _CREATE = NAMES["read"], NAMES["write"], NAMES["create"]
_WORDS = NAMES | {"w": _WRITE, "r": _READ, "rw": _READ | _WRITE, "wr": _READ | _WRITE}
#: asked of a queue that is not there yet, and so has no label
_AT_CREATION = _CREATE | _READ | _WRITE
MAX_KEY = 0xFFFFFFFF

Type = Literal["posix", "sysv"]
_TYPES: tuple[Type, ...] = ("posix", "sysv")
_FEATURES = {"posix": "ipc/posix_mqueue", "sysv": "ipc/sysv_mqueue"}
_CLASSES = {"posix": rb"\x11", "sysv": rb"\x12"}


@frozen
class MqueueRule:
    """`type` as written, None for both; a name that begins with `/` is posix, a number is the key of sysv."""

    permissions: int
    type: Type | None
    label: Word | None
    name: Word | None
    qualifiers: Qualifiers
    span: Span = field(compare=False, repr=False)

    def types(self) -> tuple[Type, ...]:
        """The kinds of queues that are meant."""
        if self.name is not None:
            return ("posix",) if self.name.text.startswith("/") else ("sysv",)
        return _TYPES if self.type is None else (self.type,)


def parse(cursor: Cursor, qualifiers: Qualifiers, start: int) -> MqueueRule:
    """`"mqueue" [ permissions ] { "type" "=" ( "posix" | "sysv" ) | "label" "=" label } [ name ] ","`

    permissions = `create` `open` `delete` `read` `r` `write` `w` `getattr` `setattr` `rw`, alone or in a list.
    name = a path, of a posix queue | digits, the key of a System V queue.
    """
    tail = Tail(cursor, qualifiers, start, "mqueue", "DA27")
    permissions = tail.permissions(_WORDS) or EVERY
    found: dict[str, Condition] = {}
    while (condition := tail.condition()) is not None:
        name = condition.name.text
        if name not in ("type", "label"):
            tail.unknown(CONDITION, "condition", condition.name, ("type", "label"))
        tail.only_equals(condition)
        tail.single(condition.name, condition.values)
        tail.once(found.get(name), condition)
        found[name] = condition
    type = _type(tail, found["type"].values[0]) if "type" in found else None
    queue = tail.word()
    if queue is not None:
        _check_name(tail, type, queue)
    label = found["label"].values[0] if "label" in found else None
    return MqueueRule(permissions, type, label, queue, qualifiers, tail.end("a condition or a name"))


def _type(tail: Tail, word: Word) -> Type:
    found = next((known for known in _TYPES if known == word.text), None)
    if found is None:
        tail.unknown(WORD_UNKNOWN, "type of queue", word, _TYPES)
    return found


def _check_name(tail: Tail, type: Type | None, name: Word) -> None:
    is_key = name.text.isascii() and name.text.isdecimal()
    if not name.text.startswith("/") and not is_key:
        help = ("a posix queue is named by a path like `/queue`, a System V queue by its key, a number",)
        tail.fail(VALUE, "this names no queue", name.span, help=help)
    if is_key and (len(name.text) > 20 or int(name.text) > MAX_KEY):
        tail.fail(VALUE, f"a key is a number up to {MAX_KEY}", name.span)
    if type is not None and (type == "sysv") != is_key:
        what = "a key, a number" if type == "sysv" else "a path"
        tail.fail(COMBINATION, f"`type={type}` goes with {what}", name.span)


def write(rule: MqueueRule) -> str:
    permissions = spell_permissions(rule.permissions, EVERY, NAMES)
    conditions = spell_value("type", rule.type) + spell_value("label", rule.label)
    name = "" if rule.name is None else f" {spell(rule.name.text)}"
    return f"{spell_qualifiers(rule.qualifiers)}mqueue{permissions}{conditions}{name},"


def encode(rule: MqueueRule, scope: Scope) -> Iterator[Entry | Dropped]:
    """Class, name or key (four bytes), and then NUL and the queue's label.

    A queue without a label is asked for only when it is created.
    """
    enforced = [type for type in rule.types() if scope.has(_FEATURES[type])]
    if not enforced:
        yield not_enforced("mqueue", rule.span, _FEATURES[rule.types()[0]], scope, rule.label, rule.name)
    for type in enforced:
        queue = _CLASSES[type] + (_name(rule, scope) if type == "posix" else _key(rule))
        bare = rule.permissions
        if rule.label is not None:
            bare = bare & _AT_CREATION if bare & _CREATE else 0
        if bare:
            yield entry(rule.qualifiers, queue, bare)
        label = ANYONE if rule.label is None else word_pattern(rule.label, scope)
        yield entry(rule.qualifiers, queue + rb"\x00" + label, rule.permissions)


def _name(rule: MqueueRule, scope: Scope) -> bytes:
    return ANY if rule.name is None else word_pattern(rule.name, scope)


def _key(rule: MqueueRule) -> bytes:
    if rule.name is None:
        return b"...."
    return b"".join(b"\\x%02x" % byte for byte in int(rule.name.text).to_bytes(4, "big"))


def mediates(scope: Scope) -> Iterator[Entry]:
    for type in _TYPES:
        if scope.has(_FEATURES[type]):
            yield mediated(_CLASSES[type])


KIND = Kind(
    "mqueue",
    keywords=("mqueue",),
    rules=(MqueueRule,),
    requests=(),
    parse=parse,
    write=write,
    encode=encode,
    mediates=mediates,
)
