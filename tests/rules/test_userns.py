"""User namespace rules."""

from typing import Any

import pytest

from dockarmor.access.confinement import StatePermissions
from dockarmor.access.event import Event
from dockarmor.access.request import UsernsRequest
from dockarmor.rules.kind import Dropped, Qualifiers
from dockarmor.rules.userns import KIND

CREATE = 8


@pytest.mark.parametrize("text", ["userns,", "userns create,", "userns\ncreate ,"])
def test_every_spelling_means_create(read: Any, text: str) -> None:
    assert KIND.write(read(KIND, text)) == "userns create,"


@pytest.mark.parametrize(
    ("text", "code"),
    [("userns foo,", "DA270"), ("userns (create),", "DA270"), ("userns create x=y,", "DA270"), ("userns", "DA270")],
)
def test_what_is_refused(refused: Any, text: str, code: str) -> None:
    assert refused(KIND, text).code == code


def test_encoding_and_mediation_share_a_byte(read: Any, scope: Any) -> None:
    rule = read(KIND, "userns,", Qualifiers(effect="deny", priority=5))
    grant, mark = KIND.encode(rule, scope())
    assert (grant.pattern, grant.permissions, grant.audit, grant.effect) == (rb"\x15", CREATE, CREATE, "deny")
    assert (mark.pattern, mark.permissions, mark.effect, mark.priority) == (rb"\x15", 4, "allow", 5)
    assert KIND.mediates is not None
    (mediated,) = KIND.mediates(scope())
    assert (mediated.pattern, mediated.permissions, mediated.priority) == (rb"\x15", 4, -1001)
    (dropped,) = KIND.encode(rule, scope(features=frozenset()))
    assert isinstance(dropped, Dropped)


def test_deciding_and_records(confined: Any, table: Any) -> None:
    assert KIND.decide is not None
    assert KIND.record is not None
    assert KIND.request is not None
    request = UsernsRequest()
    assert KIND.decide(confined(), request).allowed
    assert KIND.decide(confined(policy=table({b"\x15": StatePermissions(allow=12)})), request).allowed
    denied = KIND.decide(confined(policy=table({b"\x15": StatePermissions(allow=4)})), request)
    assert denied.record == "DENIED"
    made = KIND.record(request, denied)
    assert (made.operation, made.mediation) == ("userns_create", "namespace")
    assert made.pairs == (("requested", "userns_create"), ("denied", "userns_create"))
    assert KIND.request(Event("DENIED", "userns_create", "p")) == request
    assert KIND.request(Event("DENIED", "open", "p")) is None
