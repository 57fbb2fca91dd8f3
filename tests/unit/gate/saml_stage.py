"""A gate, a SAML provider that it knows, and a role that trusts the provider."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from tests.unit.gate.whole import Answer, Keys, Whole, allow, document, run
from tests.unit.services.assertions.openid import RSA
from tests.unit.services.assertions.responses import Said, encoded, metadata, sign

ACCOUNT = "111122223333"
SAML = "sts:AssumeRoleWithSAML"
DENIED = f"Not authorized to perform {SAML}"
INVALID = "Your request included an invalid SAML response."
UNSIGNED = "Response signature invalid"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:saml-provider/Corporate"
Play = Callable[["Stage"], Awaitable[None]]

_numbers = count(1)


@dataclass
class Stage:
    """All that a test of SAML needs."""

    whole: Whole
    role: str = ""

    async def trusted(
        self, name: str = "staff", condition: Any = None, *, actions: Any = SAML
    ) -> str:
        """A role that trusts the provider; its ARN."""
        statement = {
            "Effect": "Allow",
            "Principal": {"Federated": PROVIDER},
            "Action": actions,
            "Condition": condition or {},
        }
        return await self.whole.role(name, document(statement), allow("iam:ListRoles"))

    def said(self, **more: Any) -> Said:
        """A response of now about Alice, with an id that no other one has."""
        more.setdefault("id", f"_assertion-{next(_numbers)}")
        return Said(now=self.whole.now, role=self.role, provider=PROVIDER, **more)

    async def assume(self, **more: Any) -> Answer:
        """The call with a signed response that says this."""
        what = more.pop("what", "assertion")
        key = more.pop("key", RSA[0])
        return await self.send(sign(self.said(**more).xml(), what, key))

    async def send(
        self, response: bytes | str, *, by: Keys | None = None, **more: object
    ) -> Answer:
        """The call with these bytes, unsigned by default."""
        text = response if isinstance(response, str) else encoded(response)
        params = {
            "RoleArn": self.role,
            "PrincipalArn": PROVIDER,
            "SAMLAssertion": text,
            **more,
        }
        return await self.whole.call(by, "sts", "AssumeRoleWithSAML", **params)


def staged(folder: Path, play: Play, *, settings: str = "") -> None:
    """Run a test body on a stage."""
    if settings:
        (folder / "home").mkdir(mode=0o700)
        (folder / "home" / "ostiary.toml").write_text(settings)

    async def inner(whole: Whole) -> None:
        stage = Stage(whole)
        await whole.good(
            whole.root,
            "iam",
            "CreateSAMLProvider",
            Name="Corporate",
            SAMLMetadataDocument=metadata(),
        )
        stage.role = await stage.trusted()
        await play(stage)

    run(folder, inner)


def refused(answer: Answer, status: int, code: str, message: str = "") -> None:
    """The answer is this refusal."""
    assert (answer.status, answer.code) == (status, code), answer.body
    assert not message or answer.message == message
