"""Identity tokens as a stranger sees them: boto3 asks, a JOSE library verifies.

The verifying side knows the issuer's URL and nothing else, as any service would.
"""

import json
import urllib.request
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.e2e.server import Server, start
from tests.e2e.world import Account, Credentials, World, allow
from tests.unit.services.assertions.openid import listening

AUDIENCE = "https://service.example.com"


def verified(token: str, issuer: str) -> dict[str, Any]:
    """What the token says, by the issuer's own documents, fetched over HTTP."""
    page = f"{issuer}/.well-known/openid-configuration"
    with urllib.request.urlopen(page, timeout=10) as answer:  # noqa: S310 - http
        told = json.load(answer)
    assert told["issuer"] == issuer
    key = jwt.PyJWKClient(told["jwks_uri"]).get_signing_key_from_jwt(token)
    claims: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=told["id_token_signing_alg_values_supported"],
        audience=AUDIENCE,
        issuer=issuer,
    )
    return claims


def issuer_of(account: Account) -> str:
    """The account's issuer URL; switched on."""
    iam = account.client("iam")
    return str(iam.enable_outbound_web_identity_federation()["IssuerIdentifier"])


@pytest.mark.parametrize("algorithm", ["RS256", "ES384"])
def test_a_stranger_verifies_a_token(world: World, algorithm: str) -> None:
    """Discovery, key set and signature fit together, and the claims name the user."""
    account = world.account()
    issuer = issuer_of(account)
    person = account.person("Issa", allow("sts:GetWebIdentityToken", "*"))
    made = person.client("sts").get_web_identity_token(
        Audience=[AUDIENCE], SigningAlgorithm=algorithm, DurationSeconds=600
    )
    claims = verified(made["WebIdentityToken"], issuer)

    assert claims["sub"] == person.arn
    assert claims["exp"] - claims["iat"] == 600
    assert claims["exp"] == made["Expiration"].timestamp()
    assert claims["https://sts.amazonaws.com/"]["aws_account"] == account.id
    assert issuer.startswith(world.server.url)


def test_a_token_is_one_account_s(world: World) -> None:
    """It verifies with no other account's issuer, though both share the keys."""
    ours, theirs = world.account(), world.account()
    issuer_of(ours)
    issuer = issuer_of(theirs)
    person = ours.person("Issa", allow("sts:GetWebIdentityToken", "*"))
    made = person.client("sts").get_web_identity_token(
        Audience=[AUDIENCE], SigningAlgorithm="ES384"
    )

    with pytest.raises(jwt.InvalidIssuerError):
        verified(made["WebIdentityToken"], issuer)


def test_keys_rotate_under_a_running_server(world: World) -> None:
    """`keys rotate` announces new signing keys; tokens of the old ones still verify."""
    account = world.account()
    issuer = issuer_of(account)
    sts = account.person("Issa", allow("sts:*", "*")).client("sts")
    asked = {"Audience": [AUDIENCE], "SigningAlgorithm": "ES384"}
    old = sts.get_web_identity_token(**asked)["WebIdentityToken"]
    done = world.server.run("keys", "rotate", "--json")
    assert done.returncode == 0, done.stderr
    new = sts.get_web_identity_token(**asked)["WebIdentityToken"]

    assert len(json.loads(done.stdout)["signing"]) == 2
    for token in (old, new):
        assert verified(token, issuer)["iss"] == issuer


def test_the_issuer_is_where_the_operator_says(tmp_path: Path) -> None:
    """Behind a proxy the URL is a setting, on every worker; Host headers do not count."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "ostiary.toml").write_text('[server]\nurl = "https://iam.example.com/x"\n')
    server = start(home, "--workers", "2")
    try:
        issuer = issuer_of(World(server).a)
        path = "/_ostiary/oidc/111122223333/.well-known/openid-configuration"
        page = f"http://127.0.0.1:{server.port}{path}"
        asked = urllib.request.Request(page, headers={"Host": "evil.example.com"})
        with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 - http
            told = json.load(answer)
    finally:
        server.stop()

    assert issuer == "https://iam.example.com/x/_ostiary/oidc/111122223333"
    assert told["issuer"] == issuer


def fetched(server: Server, path: str) -> bytes:
    """A document of the issuer, as the server gives it."""
    page = f"http://127.0.0.1:{server.port}{path}"
    with urllib.request.urlopen(page, timeout=10) as answer:
        return bytes(answer.read())


@pytest.mark.parametrize("algorithm", ["RS256", "ES384"])
def test_a_token_opens_a_role_of_another_account(
    tmp_path: Path, algorithm: str
) -> None:
    """What we issue we also verify: a provider like any other, behind TLS."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    with listening(tmp_path / "tls") as front:
        (home / "ostiary.toml").write_text(
            f'[server]\nurl = "https://{front.origin}"\n'
            f'[federation]\ninternal = ["{front.origin}"]\n'
            f'ca_file = "{tmp_path / "tls" / "ca.pem"}"\n'
        )
        server = start(home)
        try:
            world = World(server)
            issuer = issuer_of(world.a)
            path = issuer.removeprefix(f"https://{front.origin}") + "/.well-known/"
            for name in ("openid-configuration", "jwks.json"):
                front.documents[path + name] = fetched(server, path + name)
            _trade(world, issuer, algorithm)
        finally:
            server.stop()


def _trade(world: World, issuer: str, algorithm: str) -> None:
    person = world.a.person("Issa", allow("sts:GetWebIdentityToken", "*"))
    token = person.client("sts").get_web_identity_token(
        Audience=[AUDIENCE], SigningAlgorithm=algorithm
    )["WebIdentityToken"]
    iam = world.b.client("iam")
    provider = iam.create_open_id_connect_provider(Url=issuer, ClientIDList=[AUDIENCE])[
        "OpenIDConnectProviderArn"
    ]
    name = issuer.removeprefix("https://")
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Federated": provider},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {f"{name}:sub": person.arn}},
        },
    }
    iam.enable_outbound_web_identity_federation()
    role = world.b.role(
        "Guest", trust, allow(["iam:ListRoles", "sts:GetWebIdentityToken"], "*")
    )
    made = world.client("sts", None).assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="issa", WebIdentityToken=token
    )
    session = Credentials.of(made)

    assert made["SubjectFromWebIdentityToken"] == person.arn
    assert world.client("iam", session).list_roles()["Roles"]
    further = world.client("sts", session).get_web_identity_token(
        Audience=[AUDIENCE], SigningAlgorithm=algorithm
    )["WebIdentityToken"]
    claims = jwt.decode(further, options={"verify_signature": False})
    assert claims["sub"] == role
    told = claims["https://sts.amazonaws.com/"]
    assert told["federated_provider"] == provider
    assert told["original_session_exp"].endswith("Z")
