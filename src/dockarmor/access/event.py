"""One audit record, decoded."""

from collections.abc import Mapping

from dockarmor.value import field, frozen


@frozen
class Event:
    """A decoded record, whatever transport brought it.

    `kind` is DENIED, ALLOWED, AUDIT, STATUS, HINT, ERROR or KILLED. `seconds`, `milliseconds` and `serial` come
    from `audit(SEC.MS:SERIAL)`. `fields` holds every pair of the body in order, values decoded from quotes or
    hex (latin-1 text: one character per byte); unknown keys are kept. `truncated`: the line ended inside a
    value, so that what is missing or cut must not become a rule.
    """

    kind: str
    operation: str
    profile: str
    seconds: int = 0
    milliseconds: int = 0
    serial: int = 0
    fields: Mapping[str, str] = field(default_factory=dict)
    truncated: bool = False
