"""Token codes of this request: verified where credentials are verified (M3, M8)."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from ostiary.gate.ring import VaultHolder
from ostiary.gate.work import Work
from ostiary.identity.caller import Caller
from ostiary.policy import PrincipalKind
from ostiary.services.guesses import credential_of
from ostiary.services.mfa_ledger import Attempt, verify_token_code

_OPERATIONS = frozenset({("sts", "AssumeRole"), ("sts", "GetSessionToken")})
"""The only two calls that take MFA parameters (M2)."""


class TokenCodes:
    """Verifies token codes on the store's one ledger."""

    def __init__(
        self, work: Work, vault: VaultHolder, now: Callable[[], float]
    ) -> None:
        self._work = work
        self._vault = vault
        self._now = now

    def takes(self, service: str, operation: str) -> bool:
        """Whether a call has MFA parameters at all."""
        return (service, operation) in _OPERATIONS

    async def verify_call(
        self,
        params: Mapping[str, object],
        caller: Caller,
        now: float,
    ) -> Caller:
        """The caller, MFA-true for a call that takes a code and brought a valid one.

        A code is verified whether or not a policy asks for one (facts 7.5).

        Raises:
            TokenCodeError: the device or the code does not count.
        """
        serial, code = params.get("SerialNumber"), params.get("TokenCode")
        if serial is None and code is None:
            return caller
        attempt = Attempt(
            serial=str(serial or ""),
            token_code=str(code or ""),
            # Only an IAM user has devices for the API: a role session and root
            # get the answer for a device that is not theirs (M35, facts 7.5).
            user=caller.user_id if caller.principal.kind is PrincipalKind.USER else "",
            account=caller.account,
            credential=credential_of(caller),
            now=now,
        )
        return replace(caller, mfa_at=await self._verify(attempt))

    async def verify_root(self, serial: str, token_code: str, caller: Caller) -> None:
        """Returns when root's own device shows this code (S3 MFA Delete, M61).

        Raises:
            TokenCodeError: the caller is not root, or the code does not count.
        """
        await self._verify(
            Attempt(
                serial=serial,
                token_code=token_code,
                user=caller.user_id
                if caller.principal.kind is PrincipalKind.ROOT
                else "",
                account=caller.account,
                credential=credential_of(caller),
                now=self._now(),
            )
        )

    async def _verify(self, attempt: Attempt) -> int:
        vault = self._vault.current
        return await self._work.write(
            lambda store: verify_token_code(store.ledger, attempt, vault)
        )
