"""GetWebIdentityToken through a whole gate: who gets a token, and what it says."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest

from ostiary.gate.published import Published
from ostiary.identity.issuer import ANNOUNCED, ROTATION, TokenSigningKey
from ostiary.services import outbound
from ostiary.wire.http import Request
from tests.unit.gate.whole import Answer, Keys, Whole, allow, document, read, run, trust

ISSUER = "http://127.0.0.1:4566/_ostiary/oidc/111122223333"
TOKEN = ("sts", "GetWebIdentityToken")
ASKED: dict[str, Any] = {"Audience": ["https://example.com"]}
MAY = allow("sts:GetWebIdentityToken")


async def switch_on(whole: Whole) -> None:
    """The first account issues tokens."""
    await whole.good(whole.root, "iam", "EnableOutboundWebIdentityFederation")


async def token(whole: Whole, keys: Keys, **more: Any) -> str:
    """A token for the holder of these keys."""
    asked = ASKED | {"SigningAlgorithm": "ES384"} | more
    return (await whole.good(keys, *TOKEN, **asked)).field("WebIdentityToken")


async def fetch(whole: Whole, path: str, **changed: Any) -> Answer:
    """The answer to an unsigned GET, as the server gives it."""
    settings = whole.home.settings
    published = Published(
        whole.home.snapshot.issuers, "http://127.0.0.1:4566", settings.hosts
    )
    request = Request(
        method="GET",
        path=path,
        query="",
        headers=(("host", "127.0.0.1:4566"),),
        body=b"",
        secure=False,
        peer="127.0.0.1",
    )
    handle = published.before(whole.gate.handle)
    return await read(await handle(replace(request, **changed), whole.now))


async def claims(whole: Whole, text: str, audience: str = ASKED["Audience"][0]) -> Any:
    """What the token says, verified with what the issuer publishes."""
    jwks = jwt.PyJWKSet.from_json(
        (await fetch(whole, "/_ostiary/oidc/111122223333/.well-known/jwks.json")).body
    )
    key = jwks[jwt.get_unverified_header(text)["kid"]]
    options: Any = {"verify_exp": False, "verify_iat": False}
    return jwt.decode(text, key, issuer=ISSUER, audience=audience, options=options)


@pytest.mark.parametrize("algorithm", ["RS256", "ES384"])
def test_a_token_says_who_the_caller_is(tmp_path: Path, algorithm: str) -> None:
    """Standard claims, and AWS's own in one object; nothing that is not so."""

    async def play(whole: Whole) -> None:
        await switch_on(whole)
        alice = await whole.user("Alice", MAY)
        text = await token(whole, alice, SigningAlgorithm=algorithm)

        assert jwt.get_unverified_header(text)["alg"] == algorithm
        told = await claims(whole, text)
        arn = "arn:aws:iam::111122223333:user/Alice"
        now = int(whole.now)
        assert len(told.pop("jti")) == 36
        assert told == {
            "iss": ISSUER,
            "sub": arn,
            "aud": "https://example.com",
            "iat": now,
            "exp": now + 300,
            "https://sts.amazonaws.com/": {
                "aws_account": "111122223333",
                "source_region": "us-east-1",
                "principal_id": arn,
            },
        }

    run(tmp_path, play)


def test_a_role_session_is_its_role(tmp_path: Path) -> None:
    """The subject is the role's ARN; session, source identity and tags are told."""

    async def play(whole: Whole) -> None:
        await switch_on(whole)
        user = await whole.user("Alice", allow("sts:*"))
        role = await whole.role(
            "Deploy",
            trust({"AWS": "111122223333"}),
            allow(["sts:GetWebIdentityToken", "sts:TagGetWebIdentityToken"]),
            Tags=[{"Key": "team", "Value": "a"}, {"Key": "cost", "Value": "1"}],
        )
        session = await whole.good(
            user,
            "sts",
            "AssumeRole",
            RoleArn=role,
            RoleSessionName="run",
            SourceIdentity="alice",
            Tags=[{"Key": "team", "Value": "b"}],
        )
        text = await token(
            whole,
            session.keys,
            Audience=["x", "y"],
            Tags=[{"Key": "job", "Value": "7"}],
        )

        told = await claims(whole, text, "y")
        assert told["sub"] == role
        assert told["aud"] == ["x", "y"]
        assert told["https://sts.amazonaws.com/"] == {
            "aws_account": "111122223333",
            "source_region": "us-east-1",
            "principal_id": role,
            "original_session_exp": session.field("Expiration"),
            "source_identity": "alice",
            "principal_tags": {"team": "b", "cost": "1"},
            "request_tags": {"job": "7"},
        }

    run(tmp_path, play)


@pytest.mark.parametrize(
    ("statement", "asked", "allowed"),
    [
        (MAY, {}, True),
        (allow("sts:AssumeRole"), {}, False),
        (MAY, {"Tags": [{"Key": "a", "Value": "b"}]}, False),
        (
            allow("sts:*GetWebIdentityToken"),
            {"Tags": [{"Key": "a", "Value": "b"}]},
            True,
        ),
        (
            allow(
                "sts:GetWebIdentityToken",
                Condition={
                    "ForAllValues:StringEquals": {"sts:IdentityTokenAudience": "other"}
                },
            ),
            {},
            False,
        ),
        (
            allow(
                "sts:GetWebIdentityToken",
                Condition={"NumericLessThanEquals": {"sts:DurationSeconds": "300"}},
            ),
            {"DurationSeconds": 301},
            False,
        ),
        (
            allow(
                "sts:GetWebIdentityToken",
                Condition={"StringEquals": {"sts:SigningAlgorithm": "ES384"}},
            ),
            {},
            True,
        ),
    ],
)
def test_policies_say_who_gets_which_token(
    tmp_path: Path, statement: dict[str, Any], asked: dict[str, Any], allowed: bool
) -> None:
    """Audience, duration and algorithm are condition keys; tags take an action more."""

    async def play(whole: Whole) -> None:
        await switch_on(whole)
        alice = await whole.user("Alice", statement)
        answer = await whole.call(
            alice, *TOKEN, **ASKED, SigningAlgorithm="ES384", **asked
        )

        assert (answer.status == 200) is allowed, answer.body
        if not allowed:
            assert answer.code == "AccessDenied"

    run(tmp_path, play)


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"SigningAlgorithm": "HS256"}, 400, "ValidationError"),
        ({"SigningAlgorithm": "none!"}, 400, "ValidationError"),
        ({"DurationSeconds": 59}, 400, "ValidationError"),
        ({"DurationSeconds": 3601}, 400, "ValidationError"),
        ({"Audience": [f"a{n}" for n in range(11)]}, 400, "ValidationError"),
        ({"SubjectMode": "OriginIdentity"}, 400, "ValidationError"),
        ({"Scope": "read"}, 400, "ValidationError"),
        (
            {"Tags": [{"Key": f"k{n}", "Value": "v" * 200} for n in range(50)]},
            400,
            "JWTPayloadSizeExceededException",
        ),
    ],
)
def test_what_no_token_can_be_made_of(
    tmp_path: Path, asked: dict[str, Any], status: int, code: str
) -> None:
    """A request past the model's limits, or beyond what a session here can be."""

    async def play(whole: Whole) -> None:
        await switch_on(whole)
        answer = await whole.bad(
            whole.root, *TOKEN, **(ASKED | {"SigningAlgorithm": "ES384"} | asked)
        )

        assert (answer.status, answer.code) == (status, code)

    run(tmp_path, play)


def test_a_token_does_not_outlive_the_session_that_asks(tmp_path: Path) -> None:
    """Asking for more is an error, not a clamp."""

    async def play(whole: Whole) -> None:
        await switch_on(whole)
        user = await whole.user("Alice", allow("sts:*"))
        role = await whole.role("Deploy", trust({"AWS": "111122223333"}), MAY)
        session = (
            await whole.good(
                user,
                "sts",
                "AssumeRole",
                RoleArn=role,
                RoleSessionName="run",
                DurationSeconds=900,
            )
        ).keys
        await token(whole, session, DurationSeconds=900)
        whole.now += 1
        asked = ASKED | {"SigningAlgorithm": "ES384"}
        answer = await whole.bad(session, *TOKEN, **asked, DurationSeconds=900)

        assert answer.status == 403
        assert answer.code == "SessionDurationEscalationException"

    run(tmp_path, play)


def test_each_account_switches_it_on_for_itself(tmp_path: Path) -> None:
    """Twice on, off or asked about while off are errors; one account's is its own."""

    async def play(whole: Whole) -> None:
        other = await whole.account("other", "222222222222")
        asked = ASKED | {"SigningAlgorithm": "ES384"}
        on = ("iam", "EnableOutboundWebIdentityFederation")
        off = ("iam", "DisableOutboundWebIdentityFederation")
        info = ("iam", "GetOutboundWebIdentityFederationInfo")

        for call in (off, info):
            assert (await whole.bad(whole.root, *call)).code == "FeatureDisabled"
        made = await whole.good(whole.root, *on)
        assert made.field("IssuerIdentifier") == ISSUER
        assert (await whole.bad(whole.root, *on)).code == "FeatureEnabled"
        shown = await whole.good(whole.root, *info)
        assert shown.field("JwtVendingEnabled") == "true"
        refused = await whole.bad(other, *TOKEN, **asked)
        assert refused.code == "OutboundWebIdentityFederationDisabledException"
        assert refused.status == 403

    run(tmp_path, play)


def test_switching_off_stops_new_tokens_only(tmp_path: Path) -> None:
    """What was issued can still be verified; the keys are the same afterwards."""

    async def play(whole: Whole) -> None:
        await switch_on(whole)
        text = await token(whole, whole.root)
        await whole.good(whole.root, "iam", "DisableOutboundWebIdentityFederation")
        answer = await whole.bad(whole.root, *TOKEN, **ASKED, SigningAlgorithm="ES384")
        assert answer.code == "OutboundWebIdentityFederationDisabledException"
        assert (await claims(whole, text))["iss"] == ISSUER

        before = dict(whole.home.snapshot.issuers.signing_keys)
        await switch_on(whole)
        assert whole.home.snapshot.issuers.signing_keys == before

    run(tmp_path, play)


@pytest.mark.parametrize("action", ["Enable", "Disable"])
def test_switching_needs_permission(tmp_path: Path, action: str) -> None:
    """Whoever may do everything else in IAM cannot without the action."""

    async def play(whole: Whole) -> None:
        name = f"{action}OutboundWebIdentityFederation"
        deny = {"Effect": "Deny", "Action": f"iam:{name}", "Resource": "*"}
        alice = await whole.user("Alice", allow("iam:*"), deny)

        assert (await whole.bad(alice, "iam", name)).code == "AccessDenied"

    run(tmp_path, play)


def test_the_issuer_tells_where_its_keys_are(tmp_path: Path) -> None:
    """Discovery leads to the key set; both may be kept for a while."""

    async def play(whole: Whole) -> None:
        await switch_on(whole)
        path = "/_ostiary/oidc/111122223333/.well-known"
        answer = await fetch(whole, f"{path}/openid-configuration")

        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "public, max-age=3600"
        told = json.loads(answer.body)
        assert told["issuer"] == ISSUER
        assert told["jwks_uri"] == f"{ISSUER}/.well-known/jwks.json"

    run(tmp_path, play)


@pytest.mark.threat("T123")
def test_no_private_half_leaves_the_vault(tmp_path: Path) -> None:
    """Published keys have public members only, and the database holds no key in clear."""

    async def play(whole: Whole) -> None:
        await switch_on(whole)
        answer = await fetch(whole, "/_ostiary/oidc/111122223333/.well-known/jwks.json")
        members = [set(key) for key in json.loads(answer.body)["keys"]]
        shared = {"kty", "kid", "use", "alg"}
        assert sorted(map(sorted, members)) == sorted(
            map(sorted, [shared | {"n", "e"}, shared | {"crv", "x", "y"}])
        )
        with whole.home.store.read() as view:
            held = view.list_by(TokenSigningKey)
        vault = whole.home.vault.current
        files = list(whole.home.settings.home.rglob("*.db*"))
        stored = b"".join(file.read_bytes() for file in files)
        for key in held:
            private = vault.unseal(
                key.sealed,
                purpose="token-signing-key",
                row=f"{key.id} {key.algorithm} {key.created}",
                account="",
            )
            assert key.sealed in stored
            assert private not in stored
            assert private[40:72] not in stored

    run(tmp_path, play)


@pytest.mark.parametrize(
    ("path", "changed"),
    [
        ("/_ostiary/oidc/222222222222/.well-known/jwks.json", {}),
        ("/_ostiary/oidc/111122223333/.well-known/jwks.json/", {}),
        ("/_ostiary/oidc/111122223333/jwks.json", {}),
        ("/_ostiary/oidc/１11122223333/.well-known/jwks.json", {}),
        ("/_ostiary/oidc/", {}),
    ],
)
def test_nothing_else_is_published(
    tmp_path: Path, path: str, changed: dict[str, Any]
) -> None:
    """An account that never switched it on answers as one that does not exist."""

    async def play(whole: Whole) -> None:
        await switch_on(whole)
        answer = await fetch(whole, path, **changed)

        assert (answer.status, answer.body) == (404, "")

    run(tmp_path, play)


@pytest.mark.threat("T66")
@pytest.mark.parametrize(
    "changed",
    [
        {"method": "PUT"},
        {"method": "POST"},
        {"method": "HEAD"},
        {"query": "acl"},
        {"headers": (("host", "bucket.localhost:4566"),)},
        {"headers": (("host", "BUCKET.s3.localhost"),)},
        {"headers": (("host", "127.0.0.1"), ("authorization", "AWS4-HMAC-SHA256 x"))},
    ],
)
def test_what_is_no_plain_fetch_goes_to_the_gate(
    tmp_path: Path, changed: dict[str, Any]
) -> None:
    """Objects of that name, signed requests and all writes are decided as ever."""

    async def play(whole: Whole) -> None:
        await switch_on(whole)
        path = "/_ostiary/oidc/111122223333/.well-known/jwks.json"
        answer = await fetch(whole, path, **changed)

        assert answer.status in {400, 403, 404}
        assert whole.record(answer)["status"] == answer.status

    run(tmp_path, play)


@pytest.mark.threat("T119")
def test_rotation_refuses_no_token(tmp_path: Path) -> None:
    """Before, while and after a key gets its successor, every live token verifies."""

    async def play(whole: Whole) -> None:
        await switch_on(whole)
        kids = []
        for step in (0, ROTATION, ANNOUNCED - 1, 2, ROTATION):
            whole.now += step
            await _upkeep(whole)
            text = await token(whole, whole.root, DurationSeconds=3600)
            kids.append(jwt.get_unverified_header(text)["kid"])
            whole.now += 3599
            await _upkeep(whole)
            assert (await claims(whole, text))["exp"] > whole.now
            whole.now -= 3599

        assert kids[0] == kids[1] == kids[2] != kids[3] == kids[4]
        held = whole.home.snapshot.issuers.signing_keys
        assert kids[0] not in held
        assert len([one for one in held.values() if one.algorithm == "ES384"]) == 2

    run(tmp_path, play)


async def _upkeep(whole: Whole) -> None:
    """What the server's upkeep does, at the test's own time."""
    held = whole.home.snapshot.issuers.signing_keys.values()
    if not outbound.is_due(held, whole.now):
        return
    fresh = outbound.new_keys(
        outbound.due(held, whole.now),
        whole.home.mint,
        whole.home.vault.current,
        int(whole.now),
    )
    await whole.work.change(lambda change: outbound.rotate(change, fresh, whole.now))


def test_a_moved_key_does_not_open(tmp_path: Path) -> None:
    """A sealed key of one row is worth nothing in another: the call fails closed."""

    async def play(whole: Whole) -> None:
        await switch_on(whole)
        held = {
            key.algorithm: key
            for key in whole.home.snapshot.issuers.signing_keys.values()
        }
        moved = replace(held["ES384"], sealed=held["RS256"].sealed)
        await whole.work.change(lambda change: change.replace(moved))
        answer = await whole.bad(whole.root, *TOKEN, **ASKED, SigningAlgorithm="ES384")

        assert answer.status == 500
        assert "WebIdentityToken>" not in answer.body

    run(tmp_path, play)


def test_the_record_holds_no_token(tmp_path: Path) -> None:
    """The audit record says that one was issued, and not what it is (T128)."""

    async def play(whole: Whole) -> None:
        await switch_on(whole)
        alice = await whole.user("Alice", MAY)
        answer = await whole.good(alice, *TOKEN, **ASKED, SigningAlgorithm="ES384")
        record = whole.record(answer)

        assert record["eventName"] == "GetWebIdentityToken"
        text = answer.field("WebIdentityToken")
        assert text.rpartition(".")[2] not in json.dumps(record)

    run(tmp_path, play)


def test_a_session_policy_limits_tokens_too(tmp_path: Path) -> None:
    """A session without the permission gets no token, whatever its role may."""

    async def play(whole: Whole) -> None:
        await switch_on(whole)
        user = await whole.user("Alice", allow("sts:*"))
        role = await whole.role("Deploy", trust({"AWS": "111122223333"}), MAY)
        session = await whole.good(
            user,
            "sts",
            "AssumeRole",
            RoleArn=role,
            RoleSessionName="run",
            Policy=document(allow("s3:*")),
        )
        answer = await whole.bad(
            session.keys, *TOKEN, **ASKED, SigningAlgorithm="ES384"
        )

        assert answer.code == "AccessDenied"

    run(tmp_path, play)
