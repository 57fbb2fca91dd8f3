"""Every modelled error of every operation: provoked, shown elsewhere, or explained.

By rule: NoSuchEntity is provoked by `test_every_operation` with names that nothing
has; a document that is none is MalformedPolicyDocument; what is made twice is
EntityAlreadyExists; a service-linked role is UnmodifiableEntity.
"""

from pathlib import Path

import pytest

from tests.unit.gate.whole import Answer
from tests.unit.services.every import never
from tests.unit.services.every.calls import CALLER, LINKED
from tests.unit.services.every.faults import PROVOKED, SHOWN
from tests.unit.services.every.provoked import Place, Provoked
from tests.unit.services.every.served import CALLS, codes
from tests.unit.services.every.stage import House
from tests.unit.services.every.test_every_operation import GONE, MADE

ROOT = Path(__file__).parents[4]
DOCUMENTS = ("PolicyDocument", "AssumeRolePolicyDocument")
ON_ROLES = {"Name": "{RoleName}"}


def places() -> dict[Place, tuple[str, int]]:
    """Every operation and code, with service and HTTP status."""
    return {
        (operation, code): (service, status)
        for service, operation in CALLS
        for code, status in codes(service, operation).items()
    }


def ruled(place: Place) -> Provoked | None:
    """How the rule provokes it, if there is a rule."""
    operation, code = place
    service, _ = PLACES[place]
    params = CALLS[service, operation].params
    if code == "MalformedPolicyDocument":
        found = [name for name in DOCUMENTS if name in params]
        return Provoked(params={found[0]: "{}"}) if found else None
    if code == "EntityAlreadyExists" and operation.startswith(("Create", "Upload")):
        return Provoked(((operation, params),))
    if code == "UnmodifiableEntity" and "RoleName" in params:
        return Provoked((LINKED,), {"RoleName": "{RoleName}"})
    return None


def is_found_by_name(place: Place) -> bool:
    """Whether `test_every_operation` provokes it."""
    operation, code = place
    service, _ = PLACES[place]
    names = CALLS[service, operation].params
    return code == "NoSuchEntity" and any(
        name in GONE and (operation, name) not in MADE for name in names
    )


def reason(place: Place) -> str | None:
    """Why it never comes, if somebody has said so."""
    operation, code = place
    if code == "LimitExceeded" and operation.startswith(never.UNCOUNTED):
        return "it makes nothing"
    return never.ALWAYS.get(code) or never.BY_OPERATION.get(place)


PLACES = places()
PLAYED = {
    place: found
    for place in PLACES
    if (found := PROVOKED.get(place) or ruled(place)) is not None
    and (place in PROVOKED or reason(place) is None)
}


def test_every_modelled_error_has_its_evidence() -> None:
    """Exactly one of: provoked, shown by a test that exists, or never, with a reason."""
    unknown = {
        place
        for place in PLACES
        if place not in PLAYED
        and place not in SHOWN
        and not is_found_by_name(place)
        and not reason(place)
    }
    assert unknown == set()
    assert set(PROVOKED) - set(PLACES) == set()
    assert set(SHOWN) - set(PLACES) == set()
    assert not (set(PROVOKED) | set(SHOWN)) & set(never.BY_OPERATION)
    assert set(never.BY_OPERATION) - set(PLACES) == set()


@pytest.mark.parametrize("place", sorted(SHOWN), ids="-".join)
def test_who_shows_it_is_there(place: Place) -> None:
    """The test that is named exists, and its module names operation and code."""
    file, _, name = SHOWN[place].partition("::")
    text = (ROOT / file).read_text(encoding="utf-8")
    assert f"def {name}(" in text
    operation, code = place
    assert operation in text or f'"{operation}"' in text
    assert code in text


@pytest.mark.parametrize("place", sorted(PLAYED), ids="-".join)
def test_an_error_has_its_code_and_status(house: House, place: Place) -> None:
    """As the model says, with a message, and nothing was changed."""
    operation, _ = place
    service, status = PLACES[place]
    how, own = PLAYED[place], CALLS[service, operation]

    async def play() -> Answer:
        stage = await house.stage()
        stage.caller = await stage.person(CALLER)
        await stage.play(how.more if how.instead else (*own.before, *how.more))
        await stage.allow(CALLER, "*")
        keys = stage.caller if how.by_user else stage.root
        by = keys if own.is_signed else None
        revision = house.whole.home.snapshot.revision
        params = {**own.params, **(how.params or {})}
        answer = await stage.call(by, operation, params, service)
        assert house.whole.home.snapshot.revision == revision
        return answer

    answer = house.run(play())
    assert (answer.code, answer.status) == (place[1], status), answer.body
