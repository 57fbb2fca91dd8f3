"""A gate, an OpenID provider that listens, and a role that trusts it."""

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.unit.gate.whole import Answer, Keys, Whole, allow, document, run
from tests.unit.services.assertions.openid import (
    CLIENT,
    Provider,
    listening,
)

ACCOUNT = "111122223333"
WEB = "sts:AssumeRoleWithWebIdentity"
DENIED = f"Not authorized to perform {WEB}"
NOT_A_TOKEN = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
NO_KEYS = "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements"
Play = Callable[["Stage"], Awaitable[None]]


@dataclass
class Stage:
    """A gate, a provider that it knows, and a role that trusts the provider."""

    whole: Whole
    idp: Provider
    role: str = ""

    @property
    def arn(self) -> str:
        """The provider's ARN."""
        return f"arn:aws:iam::{ACCOUNT}:oidc-provider/{self.idp.name}"

    async def trusted(
        self, name: str = "deploy", condition: Any = None, *, actions: Any = WEB
    ) -> str:
        """A role that trusts the provider; its ARN."""
        statement = {
            "Effect": "Allow",
            "Principal": {"Federated": self.arn},
            "Action": actions,
            "Condition": condition or {},
        }
        return await self.whole.role(
            name, document(statement), allow("s3:ListAllMyBuckets")
        )

    async def assume(
        self, token: str, *, by: Keys | None = None, **more: object
    ) -> Answer:
        """The call, unsigned by default."""
        params = {
            "RoleArn": self.role,
            "RoleSessionName": "ci-run",
            "WebIdentityToken": token,
            **more,
        }
        return await self.whole.call(by, "sts", "AssumeRoleWithWebIdentity", **params)

    def token(self, **more: Any) -> str:
        """A token of now."""
        return self.idp.token(self.whole.now, **more)


def staged(folder: Path, play: Play, *, idp_path: str = "") -> None:
    """Run a test body on a stage."""
    with ExitStack() as stack:
        idp = stack.enter_context(listening(path=idp_path))
        home = folder / "home"
        home.mkdir(mode=0o700)
        text = f'[federation]\nplain_http = ["{idp.origin}"]\n'
        (home / "ostiary.toml").write_text(text)

        async def inner(whole: Whole) -> None:
            stage = Stage(whole, idp)
            await whole.good(
                whole.root,
                "iam",
                "CreateOpenIDConnectProvider",
                Url=idp.url,
                ClientIDList=[CLIENT, "other-client"],
            )
            stage.role = await stage.trusted()
            await play(stage)

        run(folder, inner)


def refused(answer: Answer, status: int, code: str, message: str = "") -> None:
    """The answer is this refusal."""
    assert (answer.status, answer.code) == (status, code), answer.body
    assert not message or answer.message == message
