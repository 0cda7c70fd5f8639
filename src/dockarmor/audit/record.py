"""One audit record out of one line of any log: the kernel's ring, syslog, journal, auditd, a container's log.

What all of these share is the body, `key=value` pairs that begin with `apparmor="…"`, and left of it the
stamp `audit(SECONDS.MILLISECONDS:SERIAL)`. So the body is looked for, and what stands around it is a wrapping
that may be missing. A value without quotes is a number, a word, or, for keys that hold text, upper-case hex:
the kernel writes hex exactly where quotes would not do, so the quote decides, never the look of the value
(kernel/audit.c, audit_log_n_untrustedstring).
"""

import json
import re
from collections.abc import Iterable, Iterator

from dockarmor.access.event import Event
from dockarmor.text.diagnostic import Diagnostic, Severity
from dockarmor.text.regex import regex
from dockarmor.text.source import Source, Span
from dockarmor.value import frozen

#: longest line that is looked into; the kernel's own longest record has two paths of 8192 bytes in hex
MAX_RECORD = 65_536

KINDS = frozenset(("DENIED", "ALLOWED", "AUDIT", "STATUS", "HINT", "ERROR", "KILLED"))
#: record types of the kernels before `apparmor=` (include/uapi/linux/audit.h; the names are auditd's)
_TYPES = {
    "1501": "AUDIT",
    "1502": "ALLOWED",
    "1503": "DENIED",
    "1504": "HINT",
    "1505": "STATUS",
    "1506": "ERROR",
    "1507": "KILLED",
    "APPARMOR_KILL": "KILLED",
    **{f"APPARMOR_{kind}": kind for kind in KINDS},
}
_TEXT_KEYS = """
    name name2 profile label peer peer_profile peer_label namespace ns target comm ocomm exe srcname fstype
    trans options execpath path addr peer_addr tcontext olabel dev capname kmod key_desc
"""
#: keys whose values are text, so that a value without quotes is hex
_TEXT = frozenset(_TEXT_KEYS.split())
_HEX = regex(r"(?:[0-9A-F]{2})+")

_APPARMOR = regex(r'apparmor="([A-Za-z]+)"')
_OPERATION = regex(r'(?<![A-Za-z_])operation="')
_STAMP = regex(r"audit\((\d{1,12})\.(\d{3}):(\d{1,10})\)")
_TYPE = regex(r"type=(?:UNKNOWN\[)?([A-Z0-9_]+)")
#: what marks a record of AppArmor 2.0, all words and no pairs
_OLD = ("type=APPARMOR ", "type=UNKNOWN[1500] ", "SubDomain: ")
# Auditd glues the names of numbers to the line, after a byte 0x1d that copying often loses.
_ENRICHED = r"(?:ARCH|SYSCALL|A?UID|[EF]?SUID|E?[UG]ID|F?SGID|O[UG]ID|SAUID|SADDR|ID)="
_PAIR = regex(
    rf"""(?P<key>[A-Za-z_][A-Za-z0-9_]{{0,31}})=
         (?: "(?P<quoted>[^"]*)(?P<closed>"?) | (?P<bare>(?:(?!{_ENRICHED})[^\s"\x1d])*) )""",
    re.VERBOSE,
)
_ESCAPED_CONTROL = regex(r"#035|#012|\^\]")


@frozen
class _Wrapped:
    """A line without the JSON around it; what the journal keeps beside the message."""

    text: str
    seconds: int = 0
    milliseconds: int = 0
    serial: int = 0


def read_record(line: str) -> Event | Diagnostic | None:
    """The record in a line (latin-1 text), None where there is none of AppArmor's.

    A record that cannot be read whole is a Diagnostic (DA8xx), a warning: logs hold whatever they hold. The
    line may be two physical lines where the bus daemon broke it.

    >>> event = read_record('audit: type=1400 audit(1405454041.341:73): apparmor="DENIED" operation="ptrace" '
    ...                     'profile="docker-default" pid=17651 comm="docker" requested_mask="receive"')
    >>> event.kind, event.profile, event.serial, event.fields["requested_mask"]
    ('DENIED', 'docker-default', 73, 'receive')
    """
    if "apparmor=" not in line and "operation=" not in line and '"MESSAGE":[' not in line:
        old = any(mark in line for mark in _OLD)
        return _warning("DA802", "a record of AppArmor 2.0; its form is not read", line) if old else None
    if len(line) > MAX_RECORD:
        return _warning("DA801", f"the line has more than {MAX_RECORD} bytes", line[:200])
    wrapped = _unwrap(line)
    text = wrapped.text
    start, kind = _start(text)
    if start < 0:
        return _without_kind(text)
    if kind not in KINDS:
        return _warning("DA805", f"unknown kind of record `{kind[:20]}`", text)
    head, body = text[:start], text[start:]
    stamp = _STAMP.search(head)
    if stamp is None and "audit(" in head:
        return _warning("DA803", "the stamp `audit(SECONDS.MILLISECONDS:SERIAL)` cannot be read", text)
    fields, truncated = _pairs(_inside(head, body))
    return Event(
        kind,
        fields.get("operation", ""),
        fields.get("profile", fields.get("label", "")),
        int(stamp[1]) if stamp else wrapped.seconds,
        int(stamp[2]) if stamp else wrapped.milliseconds,
        int(stamp[3]) if stamp else wrapped.serial,
        fields,
        truncated,
    )


def read_records(lines: Iterable[str]) -> Iterator[Event | Diagnostic]:
    """The records of a log, in order. A line that the bus daemon broke in two is put together again."""
    held = ""
    for line in lines:
        if held and re.match(r"\s+exe=", line):
            line = held.rstrip("\n") + line
        elif held and (found := read_record(held)) is not None:
            yield found
        held = line if "msg='apparmor=" in line and line.count("'") == 1 else ""
        if not held and (found := read_record(line)) is not None:
            yield found
    if held and (found := read_record(held)) is not None:
        yield found


def _start(text: str) -> tuple[int, str]:
    """Where the body begins, and the kind of the record; -1 where the line has none."""
    match = _APPARMOR.search(text)
    if match:
        return match.start(), match[1].upper()
    match = _OPERATION.search(text)
    kinds = [_TYPES[name] for name in _TYPE.findall(text[: match.start()]) if name in _TYPES] if match else []
    return (match.start(), kinds[-1]) if match and kinds else (-1, "")


def _without_kind(text: str) -> Diagnostic | None:
    """A record of a kernel that was told not to say the kind, or nothing of ours."""
    head, found, body = text.partition('operation="')
    types = _TYPE.findall(head)
    if found and types and types[-1] in ("1400", "AVC") and "profile=" in body:
        return _warning(
            "DA804",
            "the record does not say whether it was a denial",
            text,
            help=("the kernel's parameter apparmor.audit_header is off; turn it on",),
        )
    return None


def _inside(head: str, body: str) -> str:
    """The body without the quote around a record that came from user space, and what follows it."""
    if head.rstrip().endswith("msg='"):
        return body.rpartition("'")[0] or body
    return body


def _pairs(body: str) -> tuple[dict[str, str], bool]:
    """The pairs, and whether the line ends inside one. A key that comes again adds nothing."""
    fields: dict[str, str] = {}
    truncated = False
    for match in _PAIR.finditer(body):
        key, value = match["key"], match["quoted"]
        if value is None:
            value = match["bare"]
            if key in _TEXT and value:
                if _HEX.fullmatch(value):
                    value = bytes.fromhex(value).decode("latin-1")
                elif re.fullmatch(r"[0-9A-F]+", value):
                    truncated = True
                    value = bytes.fromhex(value[:-1]).decode("latin-1")
            if value in ("(null)", "?"):
                continue
        elif not match["closed"]:
            truncated = True
        fields.setdefault(key, value)
    fields.pop("apparmor", None)
    return fields, truncated


# -- wrappings --------------------------------------------------------------------------------------------


def _unwrap(line: str) -> _Wrapped:
    """Take the JSON of a journal or a container's log off, and the escapes of log daemons."""
    text = line.strip("\n")
    opening = text.find("{")
    if 0 <= opening < 40 and text.endswith("}"):
        try:
            document = json.loads(text[opening:])
        except (ValueError, RecursionError):
            document = None
        if isinstance(document, dict):
            return _from_json(document)
    if 'apparmor="' not in text and 'apparmor=\\"' in text:
        text = text.replace('\\"', '"')
    return _Wrapped(_ESCAPED_CONTROL.sub(lambda match: "\n" if match[0] == "#012" else "\x1d", text))


def _from_json(document: dict[str, object]) -> _Wrapped:
    message = next((document[key] for key in ("MESSAGE", "log", "message", "msg") if key in document), "")
    if isinstance(message, list):  # the journal's way with bytes that are not UTF-8
        text = bytes(item for item in message if isinstance(item, int) and 0 <= item <= 255).decode("latin-1")
    else:
        text = _bytewise(str(message))
    time = _whole(document.get("_SOURCE_REALTIME_TIMESTAMP", document.get("__REALTIME_TIMESTAMP")))
    return _Wrapped(text.strip("\n"), time // 1_000_000, time // 1000 % 1000, _whole(document.get("_AUDIT_ID")))


def _bytewise(text: str) -> str:
    """Text with a character for each byte. JSON in a latin-1 line still has its UTF-8 as single bytes."""
    return text if all(char <= "\xff" for char in text) else text.encode("utf-8", "surrogateescape").decode("latin-1")


def _whole(value: object) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0


def _warning(code: str, message: str, line: str, help: tuple[str, ...] = ()) -> Diagnostic:
    source = Source("record", line.rstrip("\n"))
    return Diagnostic(code, message, Span(source, 0, len(source.text)), Severity.WARNING, help=help)
