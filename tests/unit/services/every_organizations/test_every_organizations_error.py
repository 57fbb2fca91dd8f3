"""Every modelled error of every operation: provoked, shown elsewhere, or explained.

By rule, `test_every_organizations_operation` provokes AccessDeniedException, and
AWSOrganizationsNotInUseException where an account without an organization gets it; what
has a parameter that can be wrong gives InvalidInputException; and what names something
that is not there, the code of that parameter.
"""

from pathlib import Path

import pytest

from tests.unit.gate.orgs import Told
from tests.unit.services.every_organizations import never
from tests.unit.services.every_organizations.calls import CALLS, GONE
from tests.unit.services.every_organizations.faults import PROVOKED, SHOWN, Place
from tests.unit.services.every_organizations.served import codes, members, wrongs
from tests.unit.services.every_organizations.stage import House
from tests.unit.services.every_organizations.test_every_organizations_operation import (
    NOT_IN_USE,
    OUTSIDE,
)

ROOT = Path(__file__).parents[4]
PLACES = {(operation, code) for operation in CALLS for code in codes(operation)}


def is_ruled(place: Place) -> bool:
    """Whether `test_every_organizations_operation` provokes it."""
    operation, code = place
    if code == "AccessDeniedException":
        return True
    if code == NOT_IN_USE:
        return operation not in OUTSIDE
    if code == "InvalidInputException":
        return any(
            wrong.error.startswith(code)
            for wrong in wrongs(operation, CALLS[operation].params)
        )
    return any(GONE[name][1] == code for name in members(operation) if name in GONE)


def test_every_modelled_error_has_its_evidence() -> None:
    """Exactly one of: by rule, provoked, shown by a test that exists, or never."""
    for place in sorted(PLACES):
        evidence = [
            is_ruled(place),
            place in PROVOKED,
            place in SHOWN,
            place[1] in never.ALWAYS,
            place in never.BY_OPERATION,
        ]
        assert evidence.count(True) == 1, (place, evidence)
    assert {*PROVOKED, *SHOWN, *never.BY_OPERATION} <= PLACES
    assert set(never.ALWAYS) <= {code for _, code in PLACES}


@pytest.mark.parametrize("place", sorted(SHOWN), ids="-".join)
def test_who_shows_it_is_there(place: Place) -> None:
    """The test that is named exists, and names operation and code."""
    file, _, name = SHOWN[place].partition("::")
    text = (ROOT / file).read_text(encoding="utf-8")
    _, _, rest = text.partition(f"def {name}(")
    body, _, _ = rest.partition("\ndef ")
    operation, code = place
    assert operation in body
    assert code in body


@pytest.mark.parametrize("place", sorted(PROVOKED), ids="-".join)
def test_an_error_has_its_code_and_reason(house: House, place: Place) -> None:
    """400 with the code, a message, and the reason; nothing was changed."""
    operation, code = place
    how, own = PROVOKED[place], CALLS[operation]

    async def play() -> Told:
        stage = await house.stage(features=how.features)
        await stage.play(how.more if how.instead else (*own.before, *how.more))
        revision = stage.revision
        params = {**own.params, **(how.params or {})}
        told = await stage.call(stage.root[own.by], operation, params)
        assert stage.revision == revision
        return told

    told = house.run(play())
    assert told.answer.status == 400, told.answer.body
    found, message, reason = told.error
    assert (found, reason) == (code, how.reason)
    assert message.endswith(".")
