"""Every operation of AWS Organizations through the whole gate: allowed, denied, wrong.

The operations come from what is registered and from AWS's own model, so that a new
one fails here until it has a call in `calls`.
"""

import pytest

from ostiary.services.organizations.operations import OPERATIONS
from tests.unit.gate.orgs import Told
from tests.unit.gate.whole import Keys
from tests.unit.services.every_organizations.calls import (
    ANYBODY,
    CALLS,
    CHANGES,
    GONE,
    IS_ASKED,
    IS_IN,
    LOOKS,
    SSO,
)
from tests.unit.services.every_organizations.served import members, read, wrongs
from tests.unit.services.every_organizations.stage import (
    BILLING,
    CALLER,
    GUEST,
    MANAGER,
    MEMBER,
    House,
    Stage,
    step,
)

NOT_IN_USE = "AWSOrganizationsNotInUseException"
NO_HANDSHAKE = "HandshakeNotFoundException"
REFUSED = (
    "AccessDeniedException",
    "You don't have permissions to access this resource.",
    "",
)
"""To whom the operation is not open, whatever policies say."""
every = pytest.mark.parametrize("operation", sorted(CALLS))


async def staged(house: House, operation: str) -> Stage:
    """A new stage on which the operation's call succeeds."""
    call = CALLS[operation]
    stage = await house.stage(features=call.features)
    await stage.play(call.before)
    return stage


async def kept(house: House, operation: str) -> Stage:
    """Such a stage that others have used and will use, so nothing may change there."""
    if operation not in house.kept:
        house.kept[operation] = await staged(house, operation)
    return house.kept[operation]


async def stranger(house: House) -> Keys:
    """The key of a root user whose account is in no organization."""
    if "" not in house.kept:
        house.kept[""] = await house.stage(features="")
    return house.kept[""].root[MANAGER]


def answer_of(told: Told) -> str:
    """The code and reason; empty when all is well."""
    return "" if told.answer.status == 200 else told.code


def test_every_operation_has_a_call() -> None:
    """What is served has a line, and what is not has none."""
    assert set(CALLS) == set(OPERATIONS)


@every
def test_who_may_gets_an_answer_of_the_modelled_shape(
    house: House, operation: str
) -> None:
    """A user with this permission alone is served, and botocore reads the answer."""

    async def play() -> Told:
        call = CALLS[operation]
        stage = await staged(house, operation)
        await stage.allow(call.by, f"organizations:{operation}")
        return await stage.call(stage.user[call.by], operation, call.params)

    told = house.run(play())
    assert told.answer.status == 200, told.answer.body
    found = read(operation, told.answer)
    assert bool(found) is (told.answer.body not in {"", "{}"})


@every
def test_who_may_not_is_refused_by_the_actions_name(
    house: House, operation: str
) -> None:
    """400 AccessDeniedException, and the message names caller and action; nothing happens."""

    async def play() -> tuple[Told, str]:
        call = CALLS[operation]
        stage = await kept(house, operation)
        everything_else = [one for one in OPERATIONS if one != operation]
        await stage.allow(call.by, *(f"organizations:{one}" for one in everything_else))
        revision = stage.revision
        told = await stage.call(stage.user[call.by], operation, call.params)
        assert stage.revision == revision
        return told, stage.told[call.by]

    told, account = house.run(play())
    code, message, reason = told.error
    assert (told.answer.status, code, reason) == (400, "AccessDeniedException", "")
    sentence = (
        f"User: arn:aws:iam::{account}:user/{CALLER} is not authorized to perform: "
        f"organizations:{operation} "
    )
    assert message.startswith(sentence)
    assert message.endswith(
        f"because no identity-based policy allows the organizations:{operation} action"
    )


@every
def test_what_the_model_forbids_is_refused(house: House, operation: str) -> None:
    """400 with the reason that fits, for each required parameter and each constraint."""

    async def play() -> list[tuple[str, str, str]]:
        call = CALLS[operation]
        stage = await kept(house, operation)
        revision, found = stage.revision, []
        for wrong in wrongs(operation, call.params):
            told = await stage.call(stage.root[call.by], operation, wrong.params)
            assert told.answer.status == 400, (wrong.place, told.answer.body)
            found.append((wrong.place, wrong.error, told.code))
        assert stage.revision == revision
        return found

    for place, expected, got in house.run(play()):
        assert (place, got) == (place, expected)


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        (operation, name)
        for operation in sorted(CALLS)
        for name in members(operation)
        if name in GONE
    ],
)
def test_what_is_not_there_is_not_found(
    house: House, operation: str, name: str
) -> None:
    """The code that fits the parameter, for an id that nothing has."""

    async def play() -> Told:
        call = CALLS[operation]
        stage = await kept(house, operation)
        other = {**call.params, name: GONE[name][0]}
        revision = stage.revision
        told = await stage.call(stage.root[call.by], operation, other)
        assert stage.revision == revision
        return told

    told = house.run(play())
    assert (told.answer.status, told.code) == (400, GONE[name][1])
    assert told.error[1]


OUTSIDE = {
    "AcceptHandshake": NO_HANDSHAKE,
    "CancelHandshake": NO_HANDSHAKE,
    "CreateOrganization": "",
    "DeclineHandshake": NO_HANDSHAKE,
    "DescribeHandshake": NO_HANDSHAKE,
    "ListHandshakesForAccount": "",
}
"""What an account without an organization gets, where it is not NOT_IN_USE."""


@every
def test_an_account_without_an_organization_is_told_so(
    house: House, operation: str
) -> None:
    """Its root user asks for what is another's: it is not in use, or not there."""

    async def play() -> Told:
        call = CALLS[operation]
        stage = await kept(house, operation)
        if operation == "CreateOrganization":
            stage = await staged(house, operation)
            return await stage.call(stage.root[MANAGER], operation, call.params)
        keys = await stranger(house)
        revision = stage.revision
        told = await stage.call(keys, operation, call.params)
        assert stage.revision == revision
        return told

    assert answer_of(house.run(play())) == OUTSIDE.get(operation, NOT_IN_USE)


OPEN_TO_MEMBERS = {
    CHANGES: "AccessDeniedException",
    LOOKS: "AccessDeniedException",
    IS_IN: "",
    IS_ASKED: NO_HANDSHAKE,
    ANYBODY: "",
}
"""What a member's root user gets."""
OPEN_TO_ADMINISTRATORS = {**OPEN_TO_MEMBERS, LOOKS: ""}
"""What the root user of a delegated administrator gets."""
TO_MEMBERS = {
    "CreateOrganization": "AlreadyInOrganizationException",
    "DescribeHandshake": "AccessDeniedException",
}
TO_ADMINISTRATORS = {
    "CreateOrganization": "AlreadyInOrganizationException",
    "DescribeHandshake": "",
    "LeaveOrganization": (
        "ConstraintViolationException CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG"
    ),
}
"""Where an operation differs from the others that are open to the same."""
SERVICE = {"ServicePrincipal": SSO}
ADMINISTERS = {"AccountId": "{member}", **SERVICE}


@every
def test_a_member_asks_what_is_open_to_it(house: House, operation: str) -> None:
    """What looks is open to delegated administrators, what changes to the manager alone."""
    call = CALLS[operation]

    async def play() -> tuple[Told | None, Told]:
        stage = await staged(house, operation)
        if not call.features:
            await stage.play([step("CreateOrganization")])
        await stage.join()
        keys, first = stage.root[MEMBER], None
        if call.features != BILLING:
            await stage.play([step("EnableAWSServiceAccess", **SERVICE)])
            await stage.play([step("RegisterDelegatedAdministrator", **ADMINISTERS)])
            first = await stage.call(keys, operation, call.params)
            await stage.play([step("DeregisterDelegatedAdministrator", **ADMINISTERS)])
        return first, await stage.call(keys, operation, call.params)

    first, second = house.run(play())
    expected = TO_MEMBERS.get(operation, OPEN_TO_MEMBERS[call.who])
    assert answer_of(second) == expected
    if expected == "AccessDeniedException":
        assert second.error == REFUSED
    if first is not None:
        expected = TO_ADMINISTRATORS.get(operation, OPEN_TO_ADMINISTRATORS[call.who])
        assert answer_of(first) == expected


def test_who_makes_each_call() -> None:
    """What is open to the manager alone is called by it; accounts that are asked answer."""
    for operation, call in CALLS.items():
        if call.who in {CHANGES, LOOKS}:
            assert call.by == MANAGER, operation
        else:
            assert call.by in {MANAGER, GUEST}
