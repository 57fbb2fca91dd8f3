"""Every operation of IAM and STS through the whole gate: allowed, denied, misspelled.

The operations come from what is registered and from AWS's own models, so that a new
one fails here until it has a call in a module that `served` reads.
"""

from pathlib import Path
from typing import Any

import pytest
from botocore.parsers import create_parser

from ostiary.gate.rows import rows_of
from tests.unit.gate.whole import Answer, Keys
from tests.unit.services.every.calls import CALLER
from tests.unit.services.every.reads import BY_ROOT
from tests.unit.services.every.served import (
    CALLS,
    SERVED,
    codes,
    members,
    model,
)
from tests.unit.services.every.stage import House, Stage
from tests.unit.services.iam.world import faults_of, in_seconds

ROOT = Path(__file__).parents[4]
NULL = (
    "1 validation error detected: Value{} at '{}' failed to satisfy constraint: "
    "Member must not be null"
)
"""STS repeats what was sent, which is nothing here; IAM does not (facts 7.4)."""
GONE = {
    "AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
    "AccountAlias": "nobodys-alias",
    "Arn": "arn:aws:iam::{account}:user/gone",
    "CertificateId": "A" * 24,
    "DelegationRequestId": "gone-gone-gone-gone",
    "DeletionTaskId": "task/aws-service-role/ecs.amazonaws.com/Gone/" + "0" * 36,
    "EntityArn": "arn:aws:iam::{account}:delegation-request/" + "0" * 36,
    "GroupName": "gone",
    "InstanceProfileName": "gone",
    "JobId": "0" * 36,
    "OpenIDConnectProviderArn": "arn:aws:iam::{account}:oidc-provider/gone.example",
    "PermissionsBoundary": "arn:aws:iam::{account}:policy/gone",
    "PolicyArn": "arn:aws:iam::{account}:policy/gone",
    "PolicyName": "gone",
    "PolicySourceArn": "arn:aws:iam::{account}:user/gone",
    "RoleName": "gone",
    "SAMLProviderArn": "arn:aws:iam::{account}:saml-provider/gone",
    "SSHPublicKeyId": "APKA" + "A" * 16,
    "SerialNumber": "arn:aws:iam::{account}:mfa/gone",
    "ServerCertificateName": "gone",
    "ServiceSpecificCredentialId": "ACCA" + "A" * 16,
    "UserName": "gone",
    "VersionId": "v99",
}
"""For each parameter that names something: a name that nothing has."""
FORMS = {
    "Arn": (400, "InvalidInput"),
    "EntityArn": (400, "InvalidInput"),
    "OpenIDConnectProviderArn": (400, "ValidationError"),
    "PolicyArn": (400, "ValidationError"),
    "PolicySourceArn": (400, "InvalidInput"),
    "SAMLProviderArn": (400, "ValidationError"),
    "SerialNumber": (404, "NoSuchEntity"),
}
"""Parameters that hold an ARN, and the answer to one of another form."""
MADE = {
    ("CreateGroup", "GroupName"),
    ("CreateUser", "UserName"),
    ("PutGroupPolicy", "PolicyName"),
    ("PutRolePolicy", "PolicyName"),
    ("PutUserPolicy", "PolicyName"),
}
"""Names of what an operation makes."""

every = pytest.mark.parametrize(
    ("service", "operation"),
    sorted(CALLS),
    ids=str,
)

signed = pytest.mark.parametrize(
    ("service", "operation"),
    sorted(place for place, call in CALLS.items() if call.is_signed),
    ids=str,
)


def is_free(service: str, operation: str) -> bool:
    """Whether policies can neither allow nor deny it."""
    return operation in rows_of(service).free


async def staged(house: House, service: str, operation: str) -> Stage:
    """A new stage on which the operation's call succeeds."""
    stage = await house.stage()
    stage.caller = await stage.person(CALLER)
    await stage.play(CALLS[service, operation].before)
    return stage


async def kept(house: House, service: str, operation: str) -> Stage:
    """Such a stage that others have used and will use, so nothing may change there."""
    place = service, operation
    if place not in house.kept:
        house.kept[place] = await staged(house, service, operation)
    return house.kept[place]


async def called(
    stage: Stage, keys: Keys | None, service: str, operation: str
) -> Answer:
    """The answer to the operation's call."""
    params = CALLS[service, operation].params
    return await stage.call(keys, operation, params, service)


def read(service: str, operation: str, answer: Answer) -> Any:
    """The answer as botocore reads it; it has the modelled shape."""
    response = {
        "status_code": answer.status,
        "headers": answer.headers,
        "body": answer.body.encode(),
    }
    shape = model(service, operation).output_shape
    found = create_parser("query").parse(response, shape)
    del found["ResponseMetadata"]
    found = in_seconds(found)
    if shape is None:
        assert found == {}
    else:
        assert list(faults_of(shape, found, operation)) == []
    return found


def test_every_operation_has_a_call() -> None:
    """What is served has a line, and what is not has none."""
    assert set(CALLS) == set(SERVED)


@every
def test_who_may_gets_an_answer_of_the_modelled_shape(
    house: House, service: str, operation: str
) -> None:
    """A user with this permission alone is served, and botocore reads the answer."""

    async def play() -> Answer:
        stage = await staged(house, service, operation)
        await stage.allow(
            CALLER, f"{service}:{operation}", *CALLS[service, operation].also
        )
        keys = stage.root if operation in BY_ROOT else stage.caller
        by = keys if CALLS[service, operation].is_signed else None
        return await called(stage, by, service, operation)

    answer = house.run(play())
    assert answer.status == 200, answer.body
    read(service, operation, answer)


@pytest.mark.parametrize(
    ("operation", "number"),
    [
        (operation, number)
        for (_, operation), call in sorted(CALLS.items())
        for number in range(len(call.closing))
    ],
    ids=str,
)
def test_whom_the_role_does_not_trust_is_refused(
    house: House, operation: str, number: int
) -> None:
    """403 AccessDenied for what nobody signs, and which the trust policy refuses."""

    async def play() -> Answer:
        stage = await staged(house, "sts", operation)
        await stage.allow(CALLER, "*")
        await stage.play([CALLS["sts", operation].closing[number]])
        return await called(stage, None, "sts", operation)

    answer = house.run(play())
    assert (answer.status, answer.code) == (403, "AccessDenied")
    assert answer.message == f"Not authorized to perform sts:{operation}"


@signed
def test_who_may_not_is_refused_by_the_actions_name(
    house: House, service: str, operation: str
) -> None:
    """403 AccessDenied, and the message names caller and action; nothing happens."""

    async def play() -> tuple[Answer, Answer]:
        stage = await kept(house, service, operation)
        refused = await called(stage, stage.caller, service, operation)
        revision = house.whole.home.snapshot.revision
        again = await called(stage, stage.caller, service, operation)
        assert house.whole.home.snapshot.revision == revision
        return refused, again

    refused, again = house.run(play())
    if is_free(service, operation):
        assert refused.status == 200
        return
    assert (refused.status, refused.code) == (403, "AccessDenied")
    assert f":user/{CALLER} is not authorized to perform" in refused.message
    assert f"{service}:{operation} " in refused.message + " "
    assert again.message == refused.message


@every
def test_what_is_required_is_missed(house: House, service: str, operation: str) -> None:
    """400 ValidationError with AWS's words, for each required parameter."""

    async def play() -> list[tuple[str, Answer]]:
        stage = await kept(house, service, operation)
        params = CALLS[service, operation].params
        answers = []
        for name, required in members(service, operation).items():
            if required:
                less = {one: params[one] for one in params if one != name}
                answer = await stage.call(stage.root, operation, less, service)
                answers.append((name, answer))
        return answers

    for name, answer in house.run(play()):
        assert (answer.status, answer.code) == (400, "ValidationError"), name
        sent = " null" if service == "sts" else ""
        assert answer.message == NULL.format(sent, name[0].lower() + name[1:])


@every
def test_what_is_not_there_is_not_found(
    house: House, service: str, operation: str
) -> None:
    """404 NoSuchEntity for each name that nothing has, where the model knows it."""
    if "NoSuchEntity" not in codes(service, operation):
        return

    async def play() -> list[tuple[str, Answer]]:
        stage = await kept(house, service, operation)
        params = CALLS[service, operation].params
        answers = []
        for name in params:
            if name in GONE and (operation, name) not in MADE:
                other = {**params, name: GONE[name]}
                answers.append((name, await stage.call(stage.root, operation, other)))
        return answers

    answers = house.run(play())
    for name, answer in answers:
        assert (answer.status, answer.code) == (404, "NoSuchEntity"), (
            name,
            answer.body,
        )
        assert answer.message


@pytest.mark.parametrize(
    "bad", ["arn:aws:s3:::bucket/of/somebody", "arn:of:nothing-at-all"]
)
@pytest.mark.parametrize(
    ("service", "operation", "name"),
    [
        (service, operation, name)
        for (service, operation), call in sorted(CALLS.items())
        for name in call.params
        if service == "iam" and name in FORMS
    ],
    ids=str,
)
def test_an_arn_of_another_form_is_told_so(
    house: House, service: str, operation: str, name: str, bad: str
) -> None:
    """In the words of its parameter, also to those who may do nothing (facts 10.8)."""

    async def play() -> list[Answer]:
        stage = await kept(house, service, operation)
        params = {**CALLS[service, operation].params, name: bad}
        return [
            await stage.call(keys, operation, params, service)
            for keys in (stage.root, stage.caller)
        ]

    for answer in house.run(play()):
        assert (answer.status, answer.code) == FORMS[name]
        assert bad in answer.message
