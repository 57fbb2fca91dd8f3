"""As `calls`, for what an identity provider vouches for and nobody signs."""

import json
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from tests.unit.services.assertions.openid import CLIENT, RSA
from tests.unit.services.assertions.responses import Said, encoded, metadata, sign
from tests.unit.services.every.calls import Call, step, unsigned
from tests.unit.services.every.stage import Stage, Step

ROLE = "arn:aws:iam::{account}:role/staff"
SAML_PROVIDER = "arn:aws:iam::{account}:saml-provider/Corporate"
WEB_PROVIDER = "arn:aws:iam::{account}:oidc-provider/{idp}"
_numbers = count(1)


def response(**more: Any) -> Callable[[Stage], str]:
    """A signed response of now that has never been sent."""

    def write(stage: Stage) -> str:
        said = Said(
            now=stage.whole.now,
            role=stage.filled(ROLE),
            provider=stage.filled(SAML_PROVIDER),
            id=f"_every-{next(_numbers)}",
            **more,
        )
        return encoded(sign(said.xml(), "assertion", RSA[0]))

    return write


def token(*, ended: bool = False, **more: Any) -> Callable[[Stage], str]:
    """A signed token of now, or one that has ended."""

    def write(stage: Stage) -> str:
        now = stage.whole.now
        times = {"iat": int(now) - 7200, "exp": int(now) - 3600} if ended else {}
        return stage.idp.token(now, **times, **more)

    return write


def _trust(operation: str, provider: str, **more: Any) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": f"sts:{operation}",
        **more,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _role(operation: str, provider: str) -> Step:
    text = _trust(operation, provider)
    return step("CreateRole", RoleName="staff", AssumeRolePolicyDocument=text)


def _closing(operation: str, provider: str, other: str) -> tuple[Step, ...]:
    """Trust policies of which each refuses."""
    never = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    texts = (
        _trust(operation, provider, Effect="Deny"),
        _trust(operation, provider, Condition=never),
        _trust("AssumeRole", provider),
        _trust(operation, other),
    )
    return tuple(
        step("UpdateAssumeRolePolicy", RoleName="staff", PolicyDocument=text)
        for text in texts
    )


_SAML, _WEB = "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"
STS: Mapping[str, Call] = {
    _SAML: unsigned(
        step("CreateSAMLProvider", Name="Corporate", SAMLMetadataDocument=metadata()),
        _role(_SAML, SAML_PROVIDER),
        closing=_closing(_SAML, SAML_PROVIDER, f"{SAML_PROVIDER}2"),
        RoleArn=ROLE,
        PrincipalArn=SAML_PROVIDER,
        SAMLAssertion=response(),
    ),
    _WEB: unsigned(
        step(
            "CreateOpenIDConnectProvider",
            Url="https://{idp}",
            ClientIDList=[CLIENT],
        ),
        _role(_WEB, WEB_PROVIDER),
        closing=_closing(_WEB, WEB_PROVIDER, "accounts.google.com"),
        RoleArn=ROLE,
        RoleSessionName="me",
        WebIdentityToken=token(),
    ),
}
