"""Abuse of sessions and of STS, over real HTTP (threats T25 to T36, T38)."""

import base64
import hashlib
import json
import re
import string
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.sealed import session_token
from tests.e2e.wire import Answer, Draft, call, exchange, presigned, raw, send, signed
from tests.e2e.world import (
    MFA,
    Credentials,
    Person,
    World,
    allow,
    message,
    policy,
    refused,
    trusts,
)

LIST = ("dynamodb:ListTables", "*")
NO_TABLES = ("AccessDeniedException", 400)
INVALID = (
    "InvalidClientTokenId",
    "The security token included in the request is invalid.",
)
WHO = call("sts")


@pytest.fixture(scope="module")
def user(world: World) -> Person:
    """A user who may list tables."""
    return world.a.person("Sessions", allow(*LIST), devices=1)


@pytest.fixture(scope="module")
def live(user: Person) -> Credentials:
    """A session of the user with MFA."""
    return user.session(mfa=True)


def with_token(live: Credentials, token: str) -> Credentials:
    """The same credentials with another token."""
    return replace(live, token=token)


def check_invalid(answer: Answer) -> None:
    """403 InvalidClientTokenId, in the words of STS."""
    assert (answer.status, answer.error("sts")) == (403, INVALID)


def decoded(token: str) -> bytes:
    """The bytes that a token spells."""
    return base64.b64decode(token + "=" * (-len(token) % 4))


def encoded(data: bytes) -> str:
    """The one spelling of bytes."""
    return base64.b64encode(data).decode().rstrip("=")


def forgeries(token: str) -> Iterator[str]:
    """Tokens that somebody bent, cut, stretched or put together."""
    data = decoded(token)
    for place in range(len(data)):
        flipped = bytearray(data)
        flipped[place] ^= 1 << place % 8
        yield encoded(bytes(flipped))
    for bit in range(8 * 12):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        yield encoded(bytes(flipped))
    for length in range(1, len(token), 7):
        yield token[:length]
    half = len(data) // 2
    yield encoded(data[half:] + data[:half])
    yield encoded(data + b"\0")
    yield encoded(b"\0" + data)
    yield encoded(data + data)
    yield encoded(bytes(6000))
    yield "0" * 8192
    yield "0" * 9000


@pytest.mark.threat("T25")
def test_no_forged_token_is_accepted(
    world: World, user: Person, live: Credentials
) -> None:
    """T25: flipped, cut, swapped, stretched: 403 InvalidClientTokenId for each."""
    assert encoded(decoded(live.token or "")) == live.token
    count = 0
    for token in forgeries(live.token or ""):
        check_invalid(send(world.server, WHO, with_token(live, token)))
        count += 1
    assert count > 300
    answer = send(world.server, WHO, live)
    assert answer.status == 200
    assert user.arn.encode() in answer.body


def respellings(token: str) -> Iterator[str]:
    """Other texts for the same bytes, as a lenient decoder reads them."""
    yield token + "="
    yield token + "=="
    yield f"{token[:9]} {token[9:]}"
    yield f"{token[:9]}\t{token[9:]}"
    yield f"{token[:9]}.{token[9:]}"
    swapped = token.replace("+", "-").replace("/", "_")
    assert swapped != token
    yield swapped
    alphabet = string.ascii_letters + string.digits + "+/"
    data = decoded(token)
    for letter in alphabet:
        other = token[:-1] + letter
        if other != token and decoded(other) == data:
            yield other


@pytest.mark.threat("T26")
def test_a_token_has_one_spelling(
    world: World, user: Person, live: Credentials
) -> None:
    """T26: whatever decodes to the same bytes in a lenient reader is refused."""
    # A token whose last letter has bits to spare, and that has letters to swap.
    for _ in range(40):
        token = live.token or ""
        if len(token) % 4 and set("+/") & set(token):
            break
        live = user.session(mfa=False)
    for spelled in respellings(live.token or ""):
        check_invalid(send(world.server, WHO, with_token(live, spelled)))
    draft = presigned(world.server, WHO, with_token(live, f"{live.token}\n"))
    check_invalid(send(world.server, draft, None))
    draft = presigned(world.server, WHO, live)
    assert send(world.server, draft, None).status == 200
    assert send(world.server, WHO, live).status == 200


@pytest.mark.threat("T27")
def test_parts_of_credentials_do_not_mix(
    world: World, user: Person, live: Credentials
) -> None:
    """T27: id, secret and token must be of one session; 403 for every mixture."""
    other, key = user.session(mfa=False), user.credentials
    mixtures = {
        "token of another session": replace(other, token=live.token),
        "id of another session": replace(live, key_id=other.key_id),
        "secret of another session": replace(live, secret=other.secret),
        "long-term key with a token": replace(key, token=live.token),
        "temporary key without token": replace(live, token=None),
        "temporary key with an empty token": replace(live, token=""),
        "long-term id with the session's rest": replace(live, key_id=key.key_id),
        "session's id with the long-term secret": replace(
            live, secret=key.secret, token=None
        ),
    }
    for name, mixed in mixtures.items():
        answer = send(world.server, WHO, mixed)
        code, _ = answer.error("sts")
        assert answer.status == 403, name
        assert code in {"InvalidClientTokenId", "SignatureDoesNotMatch"}, name
        assert user.arn.encode() not in answer.body
    for whole in (live, other, key):
        assert send(world.server, WHO, whole).status == 200


@pytest.mark.threat("T28")
def test_a_token_of_another_purpose_is_refused(
    world: World, user: Person, live: Credentials
) -> None:
    """T28: a pagination marker is no session token, and the reverse."""
    iam = world.a.client("iam")
    broker = world.a.person("Broker", allow("sts:GetFederationToken", "*"))
    page = iam.list_users(MaxItems=1)
    check_invalid(send(world.server, WHO, with_token(live, page["Marker"])))
    answer = refused("ValidationError", 400, iam.list_users, Marker=live.token[:320])
    assert message(answer) == "Invalid Marker."
    assert iam.list_users(MaxItems=1, Marker=page["Marker"])["Users"]
    made = broker.client("sts").get_federation_token(Name="fed")
    federated = Credentials.of(made)
    check_invalid(send(world.server, WHO, with_token(live, federated.token or "")))
    assert send(world.server, WHO, federated).status == 200


@pytest.mark.threat("T29")
def test_a_session_ends_by_the_servers_clock(world: World, user: Person) -> None:
    """T29: valid only while now < expiry; the client's clock changes nothing."""
    assert "TableNames" in user.client("dynamodb").list_tables()
    session = session_token(world.server, user, mfa=True, seconds=3)
    ends = time.time() + 3
    tables = user.client("dynamodb", session)
    assert "TableNames" in tables.list_tables()
    fast = replace(WHO, at=time.time() + 600)
    assert send(world.server, fast, session).status == 200
    time.sleep(max(0.0, int(ends) - time.time() + 0.01))
    for at in (None, time.time() - 600, time.time() + 600):
        answer = send(world.server, replace(WHO, at=at), session)
        assert answer.status == 403
        assert answer.error("sts") == (
            "ExpiredToken",
            "The security token included in the request is expired",
        )
    refused("ExpiredTokenException", 400, tables.list_tables)
    refused("ExpiredToken", 400, user.client("s3", session).list_buckets)
    refused("RequestExpired", 400, user.client("ec2", session).describe_instances)
    refused("ExpiredToken", 403, user.client("iam", session).list_users)
    refused("ExpiredToken", 403, user.client("sns", session).list_topics)


def seconds_of(answer: dict[str, Any]) -> float:
    """How long the credentials of an answer last from now."""
    left = answer["Credentials"]["Expiration"] - datetime.now(UTC)
    return float(left.total_seconds())


@pytest.mark.threat("T29")
@pytest.mark.parametrize(
    ("seconds", "bound"),
    [
        (899, "greater than or equal to 900"),
        (900, ""),
        (129600, ""),
        (129601, "less than or equal to 129600"),
    ],
)
def test_the_length_of_a_users_session(user: Person, seconds: int, bound: str) -> None:
    """T29, facts 7.1: from 900 to 129600 seconds, and ValidationError outside."""
    sts = user.client("sts", parameter_validation=False)
    if not bound:
        made = sts.get_session_token(DurationSeconds=seconds)
        assert seconds - 5 < seconds_of(made) <= seconds
        return
    answer = refused(
        "ValidationError", 400, sts.get_session_token, DurationSeconds=seconds
    )
    assert message(answer) == (
        f"1 validation error detected: Value '{seconds}' at 'durationSeconds' failed "
        f"to satisfy constraint: Member must have value {bound}"
    )


@pytest.mark.threat("T29")
def test_the_length_of_other_sessions(world: World, user: Person) -> None:
    """T29, facts 7.1: root at most an hour, silently; a role at most its own maximum."""
    root = world.a.client("sts")
    for seconds in (3600, 3601, 129600):
        made = root.get_session_token(DurationSeconds=seconds)
        assert 3595 < seconds_of(made) <= 3600
    short = world.a.role("Short", trusts(user.arn), allow(*LIST))
    long = world.a.role(
        "Long", trusts(user.arn), allow(*LIST), MaxSessionDuration=43200
    )
    sts = user.client("sts", parameter_validation=False)
    for role, seconds in ((short, 900), (short, 3600), (long, 43200)):
        made = sts.assume_role(
            RoleArn=role, RoleSessionName="x1", DurationSeconds=seconds
        )
        assert seconds - 5 < seconds_of(made) <= seconds
    asked = {"RoleArn": short, "RoleSessionName": "x1"}
    answer = refused(
        "ValidationError", 400, sts.assume_role, **asked, DurationSeconds=3601
    )
    assert message(answer) == (
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    )
    for seconds in (899, 43201):
        refused(
            "ValidationError",
            400,
            sts.assume_role,
            RoleArn=long,
            RoleSessionName="x1",
            DurationSeconds=seconds,
        )


@pytest.mark.threat("T31")
def test_mfa_does_not_leak_through_a_chain_of_roles(world: World) -> None:
    """T31: MFA at the first role only; a later trust policy that asks sees `false`."""
    first = world.a.role("First", trusts(world.a.id, Condition=MFA), allow(*LIST))
    name = first.rpartition("/")[2]
    second = world.a.role("Second", trusts(first), allow(*LIST))
    asking = world.a.role("Asking", trusts(first, Condition=MFA), allow(*LIST))
    world.a.client("iam").put_role_policy(
        RoleName=name,
        PolicyName="on",
        PolicyDocument=json.dumps(allow("sts:AssumeRole", [second, asking])),
    )
    user = world.a.person("Chain", allow("sts:AssumeRole", first), devices=2)
    start = user.assume(first, user.session(mfa=True))
    sts = user.client("sts", start)
    assert sts.assume_role(RoleArn=second, RoleSessionName="x1")["Credentials"]
    refused("AccessDenied", 403, sts.assume_role, RoleArn=asking, RoleSessionName="x1")
    # A code inside a session without MFA counts for that one call (facts 2 row 6).
    plain = user.session(mfa=False)
    guarded = {"RoleArn": first, "RoleSessionName": "x1"}
    sts = user.client("sts", plain)
    refused("AccessDenied", 403, sts.assume_role, **guarded)
    assert sts.assume_role(**guarded, **user.mfa())["Credentials"]
    refused("AccessDenied", 403, sts.assume_role, **guarded)


@pytest.mark.threat("T31")
def test_a_role_session_has_no_device_of_its_own(world: World) -> None:
    """Facts 7.5: a serial number in a chained call fails like an unknown one."""
    first = world.a.role("Owner", trusts(world.a.id), allow("sts:*", "*"))
    second = world.a.role("Next", trusts(first), allow(*LIST))
    user = world.a.person("Owner", allow("sts:AssumeRole", first), devices=1)
    sts = user.client("sts", user.assume(first))
    asked = {"RoleArn": second, "RoleSessionName": "x1"}
    mfa = user.mfa()
    answer = refused("AccessDenied", 403, sts.assume_role, **asked, **mfa)
    assert "unable to validate MFA code" in message(answer)
    assert sts.assume_role(**asked)["Credentials"]
    assert user.assume(first, **mfa).token


@pytest.mark.threat("T33")
def test_what_ends_a_session_and_what_does_not(world: World) -> None:
    """T33: the AWS-like defaults, each on the next request."""
    user = world.a.person("Ending", allow(*LIST, Condition=MFA), devices=1)
    session = user.session(mfa=True)
    tables = user.client("dynamodb", session)
    iam = world.a.client("iam")
    assert "TableNames" in tables.list_tables()
    key = {"UserName": user.name, "AccessKeyId": user.credentials.key_id}
    iam.update_access_key(**key, Status="Inactive")
    refused("InvalidClientTokenId", 403, user.client("sts").get_caller_identity)
    assert "TableNames" in tables.list_tables()
    device = {"UserName": user.name, "SerialNumber": user.devices[0].serial}
    iam.deactivate_mfa_device(**device)
    assert "TableNames" in tables.list_tables()
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    older = {"DateLessThanEquals": {"aws:TokenIssueTime": now}}
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": older}
    place = {"UserName": user.name, "PolicyName": "AWSRevokeOlderSessions"}
    iam.put_user_policy(**place, PolicyDocument=json.dumps(policy(deny)))
    refused(*NO_TABLES, tables.list_tables)
    iam.delete_user_policy(**place)
    assert "TableNames" in tables.list_tables()
    iam.delete_access_key(**key)
    assert "TableNames" in tables.list_tables()
    delete_user(world, user)
    refused("UnrecognizedClientException", 400, tables.list_tables)


def delete_user(world: World, user: Person) -> None:
    """A user with everything that hangs on it."""
    iam, name = world.a.client("iam"), user.name
    for one in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=one["AccessKeyId"])
    for one in iam.list_mfa_devices(UserName=name)["MFADevices"]:
        iam.deactivate_mfa_device(UserName=name, SerialNumber=one["SerialNumber"])
    for one in iam.list_user_policies(UserName=name)["PolicyNames"]:
        iam.delete_user_policy(UserName=name, PolicyName=one)
    iam.delete_user(UserName=name)


@pytest.mark.threat("T34")
def test_a_new_user_with_an_old_name_is_another_user(world: World) -> None:
    """T34: keys, sessions and trust policies are bound to the unique id, not the name."""
    iam = world.a.client("iam")
    old = world.a.person("Reused", allow(*LIST), devices=1)
    role = world.a.role("Reused", trusts(old.arn), allow(*LIST))
    session = old.session(mfa=True)
    assert old.assume(role).token
    delete_user(world, old)
    made = iam.create_user(UserName=old.name)["User"]
    iam.put_user_policy(
        UserName=old.name, PolicyName="own", PolicyDocument=json.dumps(allow("*", "*"))
    )
    assert made["Arn"] == old.arn
    assert made["UserId"] != old.id
    key = iam.create_access_key(UserName=old.name)["AccessKey"]
    new = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    for dead in (old.credentials, session):
        sts = world.client("sts", dead)
        refused("InvalidClientTokenId", 403, sts.get_caller_identity)
    sts = world.client("sts", new)
    assert sts.get_caller_identity()["UserId"] == made["UserId"]
    asked = {"RoleArn": role, "RoleSessionName": "x1"}
    refused("AccessDenied", 403, sts.assume_role, **asked)
    name = role.rpartition("/")[2]
    kept = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    assert kept["Statement"]["Principal"]["AWS"] == old.id
    iam.update_assume_role_policy(
        RoleName=name, PolicyDocument=json.dumps(trusts(old.arn))
    )
    assert sts.assume_role(**asked)["Credentials"]


@pytest.mark.threat("T34")
def test_a_new_role_with_an_old_name_is_another_role(world: World) -> None:
    """T34: sessions of the old role are dead though role and ARN are there again."""
    iam = world.a.client("iam")
    role = world.a.role("Renewed", trusts(world.a.id), allow(*LIST))
    user = world.a.person("Renewed", allow("sts:AssumeRole", role))
    session = user.assume(role)
    assert "TableNames" in user.client("dynamodb", session).list_tables()
    name = role.rpartition("/")[2]
    iam.delete_role_policy(RoleName=name, PolicyName="own")
    iam.delete_role(RoleName=name)
    made = iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps(trusts(world.a.id))
    )
    assert made["Role"]["Arn"] == role
    iam.put_role_policy(
        RoleName=name, PolicyName="own", PolicyDocument=json.dumps(allow(*LIST))
    )
    tables = user.client("dynamodb", session)
    refused("UnrecognizedClientException", 400, tables.list_tables)
    fresh = user.client("dynamodb", user.assume(role))
    assert "TableNames" in fresh.list_tables()


@pytest.mark.threat("T35")
def test_the_external_id_is_compared_exactly(world: World) -> None:
    """T35: absent, wrong, empty, other case and doubled are refused; lengths 2 to 1224."""
    condition = {"StringEquals": {"sts:ExternalId": "Secret-1"}}
    role = world.a.role("Deputy", trusts(world.b.id, Condition=condition), allow(*LIST))
    user = world.b.person("Partner", allow("sts:AssumeRole", role))
    sts = user.client("sts", parameter_validation=False)
    asked = {"RoleArn": role, "RoleSessionName": "x1"}
    refused("AccessDenied", 403, sts.assume_role, **asked)
    for wrong in ("secret-1", "Secret-10", "Secret-", "Secret-1Secret-1"):
        refused("AccessDenied", 403, sts.assume_role, **asked, ExternalId=wrong)
    for shape in ("", "x", "x" * 1225, "Secret-1 ", "Secret-1\n", "*${x}"):
        refused("ValidationError", 400, sts.assume_role, **asked, ExternalId=shape)
    draft = call("sts", "AssumeRole", **asked, ExternalId="Secret-1")
    twice = replace(draft, body=draft.body + b"&ExternalId=Secret-1")
    answer = send(world.server, twice, user.credentials)
    assert (answer.status, answer.error("sts")[0]) == (400, "ValidationError")
    assert sts.assume_role(**asked, ExternalId="Secret-1")["Credentials"]
    # Where nobody asks for one, one is ignored, up to 1224 characters.
    free = world.a.role("Free", trusts(world.b.id), allow(*LIST))
    user.allow("sts:AssumeRole", free)
    asked["RoleArn"] = free
    assert sts.assume_role(**asked, ExternalId="x" * 1224)["Credentials"]


@pytest.mark.threat("T36")
def test_a_session_policy_only_narrows(world: World) -> None:
    """T36: the session may what both the role and the session policy allow."""
    granted = policy(
        allow(*LIST)["Statement"][0],
        allow("sqs:ListQueues", "*")["Statement"][0],
        allow("iam:CreateAccessKey", "*")["Statement"][0],
    )
    role = world.a.role("Wide", trusts(world.a.id), granted)
    user = world.a.person("Wide", allow("sts:AssumeRole", role))
    wide = user.assume(role, Policy=json.dumps(allow("*", "*")))
    assert "TableNames" in user.client("dynamodb", wide).list_tables()
    refused("AuthorizationError", 403, user.client("sns", wide).list_topics)
    narrow = user.assume(role, Policy=json.dumps(allow("sqs:ListQueues", "*")))
    assert user.client("sqs", narrow).list_queues()
    refused(*NO_TABLES, user.client("dynamodb", narrow).list_tables)
    target = {"UserName": user.name}
    refused("AccessDenied", 403, user.client("iam", narrow).create_access_key, **target)
    assert user.client("iam", wide).create_access_key(**target)["AccessKey"]
    inverse = {"Effect": "Allow", "NotAction": "sqs:*", "Resource": "*"}
    most = user.assume(role, Policy=json.dumps(policy(inverse)))
    refused("AccessDenied", 403, user.client("sqs", most).list_queues)
    assert "TableNames" in user.client("dynamodb", most).list_tables()


@pytest.mark.threat("T36")
def test_names_and_tags_of_sessions_have_a_shape(world: World) -> None:
    """T36: `*`, `${…}` and line breaks are no session names; too much is too large."""
    role = world.a.role(
        "Shape",
        {
            **trusts(world.a.id),
            "Statement": [
                {
                    **trusts(world.a.id)["Statement"],
                    "Action": ["sts:AssumeRole", "sts:TagSession"],
                }
            ],
        },
        allow("*", "*"),
    )
    user = world.a.person("Shape", allow(["sts:AssumeRole", "sts:TagSession"], role))
    sts = user.client("sts", parameter_validation=False)
    for name in ("*", "${aws:username}", "a:b", "a\nb", "x", "x" * 65, "a b"):
        refused(
            "ValidationError",
            400,
            sts.assume_role,
            RoleArn=role,
            RoleSessionName=name,
        )
    asked = {"RoleArn": role, "RoleSessionName": "x1"}
    for tag in ("a\nb", "${x}", "a*b", ""):
        tags = [{"Key": tag, "Value": "v"}]
        refused("ValidationError", 400, sts.assume_role, **asked, Tags=tags)
    assert sts.assume_role(**asked, Tags=[{"Key": "team", "Value": "a"}])["Credentials"]
    refused("MalformedPolicyDocument", 400, sts.assume_role, **asked, Policy="{}")


@pytest.mark.threat("T36")
def test_a_session_policy_has_2048_characters_at_most(world: World) -> None:
    """T36, facts 3.6: the plaintext counts, blanks too; the packed form has a limit as well."""
    role = world.a.role("Size", trusts(world.a.id), allow("*", "*"))
    user = world.a.person("Size", allow("sts:*", "*"))
    sts = user.client("sts", parameter_validation=False)
    asked = {"RoleArn": role, "RoleSessionName": "x1"}
    text = json.dumps(allow(*LIST))
    fits = text + " " * (2048 - len(text))
    assert sts.assume_role(**asked, Policy=fits)["Credentials"]
    assert sts.get_federation_token(Name="fed", Policy=fits)["Credentials"]
    refused(
        "ValidationError", 400, sts.get_federation_token, Name="fed", Policy=f"{fits} "
    )
    with pytest.raises(ClientError) as caught:
        sts.assume_role(**asked, Policy=f"{fits} ")
    code = caught.value.response["Error"]["Code"]
    assert code in {"ValidationError", "PackedPolicyTooLarge"}
    # Text that does not compress, in legal characters.
    dense = "".join(hashlib.sha256(b"%d" % n).hexdigest() for n in range(29))
    large = json.dumps(allow("s3:GetObject", f"arn:aws:s3:::{dense}"))
    assert len(large) < 2048
    answer = refused(
        "PackedPolicyTooLarge", 400, sts.assume_role, **asked, Policy=large
    )
    assert re.fullmatch(
        r"Packed policy consumes \d+% of allotted space", message(answer)
    )


@pytest.mark.threat("T38", "T44")
def test_a_presigned_identity_says_who_signed_and_nothing_else(
    world: World, user: Person
) -> None:
    """T38: changed, added or doubled parameters of a presigned call are refused."""
    query = WHO.body.decode()
    draft = presigned(
        world.server, Draft(service="sts", method="GET", query=query), user.credentials
    )
    answer = send(world.server, draft, None)
    assert answer.status == 200
    assert user.arn.encode() in answer.body
    changed = [
        draft.query.replace("GetCallerIdentity", "GetSessionToken"),
        f"{draft.query}&Action=GetSessionToken",
        f"Action=GetSessionToken&{draft.query}",
        f"{draft.query}&action=GetSessionToken",
        f"{draft.query}&Extra=1",
        f"{draft.query}&X-Amz-Credential={world.a.root.key_id}",
        draft.query.replace("X-Amz-Expires=300", "X-Amz-Expires=30000"),
        draft.query.replace(user.credentials.key_id, world.a.root.key_id),
    ]
    for text in changed:
        assert text != draft.query
        answer = send(world.server, replace(draft, query=text), None)
        assert answer.status in {400, 403}, text
        assert b"Arn>" not in answer.body
    headers = signed(world.server, WHO, user.credentials)
    both = raw(replace(draft, body=b""), headers)
    assert exchange(world.server, both, "GET").status in {400, 403}
