"""Assertions of this request: verified where credentials are verified (decision 0016).

Two calls need no signature of ours, for they bring the word of an identity provider.
What is proven here is who the provider says that somebody is; whether that opens a role
is decided afterwards, as for every other caller.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

from ostiary.gate.provider_keys import ProviderKeys
from ostiary.gate.providers import ProviderRules
from ostiary.gate.work import Work
from ostiary.identity.assertion import Assertion
from ostiary.identity.caller import Caller
from ostiary.identity.holdings import OIDCProvider, SAMLProvider
from ostiary.identity.model import iam_arn
from ostiary.policy import Principal, PrincipalKind
from ostiary.services.assertions import claims, faults
from ostiary.services.errors import ServiceError, validation_error
from ostiary.services.sts.federated import WITH_SAML, WITH_WEB_IDENTITY
from ostiary.store.snapshot import Snapshot
from ostiary.wire.reasons import AuthenticationError, Reason

if TYPE_CHECKING:
    from ostiary.services.assertions.token import ReadToken

T = TypeVar("T")

OPERATIONS: Final = frozenset({WITH_SAML, WITH_WEB_IDENTITY})
"""The calls of STS that bring an assertion, signed or not (facts 7.1)."""
MOST_WAITING: Final = 64
"""Assertions that may wait for their turn; strangers can make this work (T136)."""

_SAML_ARN: Final = re.compile(
    r"arn:aws:iam::([0-9]{12}):saml-provider/[\w.-]{1,128}", re.ASCII
)
_ISSUER: Final = re.compile(r"https?://([!-~]{1,2040})", re.ASCII)


def brings_assertion(service: str, operation: str) -> bool:
    """Whether a call brings the word of an identity provider."""
    return service == "sts" and operation in OPERATIONS


def check_signed(caller: Caller, service: str, operation: str) -> None:
    """Returns unless nobody has signed a call of STS that somebody must sign.

    Raises:
        AuthenticationError: there is no signature.
    """
    if service == "sts" and caller.is_anonymous and operation not in OPERATIONS:
        raise AuthenticationError(Reason.ANONYMOUS)


class Assertions:
    """Proves assertions, in a thread of its own.

    Args:
        snapshot: has the OpenID providers.
        work: finds the SAML providers.
        keys: has the keys of OpenID providers.
        rules: what the operator has set.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        work: Work,
        keys: ProviderKeys,
        rules: ProviderRules,
    ) -> None:
        self._snapshot = snapshot
        self._work = work
        self._keys = keys
        self._rules = rules
        self._thread = ThreadPoolExecutor(1, "assertions")
        self._waiting = 0

    async def prove(
        self, operation: str, params: Mapping[str, object], now: float
    ) -> Caller:
        """The caller that the assertion of this call makes.

        Args:
            operation: one of `OPERATIONS`.
            params: of the call.
            now: seconds since the epoch, UTC.

        Raises:
            ServiceError: the assertion proves nothing, in AWS's words (facts 7.6).
        """
        if operation == WITH_SAML:
            assertion = await self._prove_response(params, now)
        else:
            assertion = await self._prove_token(params, now)
        return asserted_caller(assertion)

    def close(self) -> None:
        """Finish what was begun, and stop."""
        self._thread.shutdown()

    async def _prove_token(self, params: Mapping[str, object], now: float) -> Assertion:
        if "ProviderId" in params:
            raise validation_error(f"{params['ProviderId']} is not supported.")
        text = str(params["WebIdentityToken"])
        read = await self._aside(lambda: _read_token(text))
        provider = self._provider_of(read.issuer, _account_of(params))
        clients = claims.clients_of(provider)
        audience = claims.check_audience(read.claims, clients)
        key = await self._keys.find(read.issuer, read.key_id, read.algorithm, now)
        name = str(params["RoleSessionName"])

        def verify() -> Assertion:
            from ostiary.services.assertions.token import (  # noqa: PLC0415 - slow
                verify_token,
            )

            proven = verify_token(read, key, now)
            return claims.assertion_of(proven, provider, audience, name)

        return await self._aside(verify)

    def _provider_of(self, issuer: str, account: str) -> OIDCProvider:
        """The provider that the account has registered for an issuer."""
        named = _ISSUER.fullmatch(issuer)
        arn = iam_arn(account, "oidc-provider", "/", named[1] if named else "")
        provider = self._snapshot.oidc_providers.get(arn)
        if provider is None or self._rules.url_of(provider.url) != issuer:
            raise faults.invalid_token(
                f"No OpenIDConnect provider found in your account for {issuer}"
            )
        return provider

    async def _prove_response(
        self, params: Mapping[str, object], now: float
    ) -> Assertion:
        arn = str(params["PrincipalArn"])
        named = _SAML_ARN.fullmatch(arn)
        if named is None:
            raise validation_error(f"{arn} is invalid")
        provider = await self._work.read(lambda view: view.find(SAMLProvider, arn))
        if provider is None or provider.account != _account_of(params):
            raise faults.invalid_token("Specified provider doesn't exist")
        text, role = str(params["SAMLAssertion"]), str(params["RoleArn"])
        recipients = self._rules.recipients

        def verify() -> Assertion:
            from ostiary.services.assertions import saml  # noqa: PLC0415 - slow

            expected = saml.Expected(
                provider=provider, role=role, recipients=recipients, now=now
            )
            return saml.prove_response(text, expected)

        return await self._aside(verify)

    async def _aside(self, act: Callable[[], T]) -> T:
        """What `act` returns; requests go on meanwhile."""
        if self._waiting >= MOST_WAITING:
            raise ServiceError("Throttling", "Rate exceeded", 400)
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, act)
        finally:
            self._waiting -= 1


def asserted_caller(assertion: Assertion) -> Caller:
    """Whoever brought a proven assertion: its provider, as a trust policy names it."""
    among = assertion.name_qualifier or f"{assertion.provider}:{assertion.audience}"
    return Caller(
        principal=Principal(
            kind=PrincipalKind.IDENTITY_PROVIDER, account="", arn=assertion.provider
        ),
        user_id=f"{among}:{assertion.subject}",
        name="",
        principal_arn="",
        access_key_id="",
        session=None,
        mfa_at=None,
        tags=(),
        assertion=assertion,
    )


def _read_token(text: str) -> "ReadToken":
    from ostiary.services.assertions.token import read_token  # noqa: PLC0415 - slow

    return read_token(text)


def _account_of(params: Mapping[str, object]) -> str:
    """The account of the role that is asked for."""
    return str(params["RoleArn"]).split(":")[4]
