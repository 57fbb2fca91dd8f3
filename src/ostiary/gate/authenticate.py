"""From a claim to a caller: the signature, the session token, the entity behind it.

Identity is an output of verification: the only way to a `Caller` other than the
anonymous one leads through `sigv4.verify` (T43).
"""

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import NamedTuple

from ostiary.gate.ring import VaultHolder
from ostiary.identity.caller import ANONYMOUS, Caller, session_arn
from ostiary.identity.model import AccessKey, KeyStatus, Role, Tags, User
from ostiary.identity.secret import Secret
from ostiary.identity.session import Session, SessionKind
from ostiary.identity.session_token import InvalidToken, UnknownSealingKey
from ostiary.policy import Principal, PrincipalKind
from ostiary.store.codec import name_key
from ostiary.store.snapshot import Snapshot
from ostiary.wire import sigv4
from ostiary.wire.chunks import open_chunks
from ostiary.wire.claim import CHUNKED, HASHED, Claim
from ostiary.wire.http import Request, is_private
from ostiary.wire.payload import check_body
from ostiary.wire.reasons import AuthenticationError, Reason

TEMPORARY = "ASIA"
TAKES_UNSIGNED = frozenset({"s3", "sns", "sqs", "sts"})
"""Services whose resource policies can allow everybody, and STS, two of whose calls
bring the word of somebody else instead (facts 6.1, 1; `assertions.check_signed`)."""
CACHED = 10_000
"""Opened session tokens and keys that are kept; the oldest go first (T139)."""


class RingBehindError(AuthenticationError):
    """The token names a sealing key that is not known here: a new one, or nobody's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Credentials whose secret is known; they prove nothing before a signature."""

    secret: Secret
    caller: Caller
    expires_at: int | None


class Proven(NamedTuple):
    """A request whose sender is proven."""

    caller: Caller
    request: Request


class Authenticator:
    """Knows every caller that the snapshot knows."""

    def __init__(self, snapshot: Snapshot, vault: VaultHolder) -> None:
        self._snapshot = snapshot
        self._vault = vault
        self._opened: OrderedDict[tuple[str, str], Opened] = OrderedDict()
        snapshot.listeners.append(self._opened.clear)

    def authenticate(
        self, request: Request, claim: Claim | None, service: str, now: float
    ) -> Proven:
        """The proven caller, and the request without the framing of its body.

        The order is AWS's: key, time and signature, then the token's end (facts 9.4).

        Raises:
            RingBehindError: the sealing key may have been made a moment ago; worth
                another try after `read_ring_again`.
            AuthenticationError: the request does not prove who sent it, or proves
                nothing to a service that answers nobody unknown.
        """
        if claim is None:
            if service not in TAKES_UNSIGNED:
                raise AuthenticationError(Reason.ANONYMOUS)
            return Proven(caller=ANONYMOUS, request=request)
        opened = self._opened.get((claim.access_key_id, claim.session_token or ""))
        if opened is None:
            opened = self._open(claim)
        secret = opened.secret.reveal()
        # Whether an unsigned body may pass at all depends on the operation too,
        # which is known later; here it depends on who could have changed it.
        hashed = claim.payload is HASHED
        private = not hashed and is_private(request)
        sigv4.verify(request, claim, secret, now, allow_unsigned=private)
        if opened.expires_at is not None and now >= opened.expires_at:
            raise AuthenticationError(Reason.EXPIRED_TOKEN, presigned=claim.presigned)
        if not hashed and claim.payload in CHUNKED:
            body = open_chunks(request, claim, secret).body
            request = replace(request, body=body)
        return Proven(caller=opened.caller, request=request)

    async def read_ring_again(self) -> None:
        """Each sealing key that was made before this call is known (T119)."""
        await self._vault.read_again()

    def _open(self, claim: Claim) -> Opened:
        if claim.access_key_id.startswith(TEMPORARY):
            opened = self._temporary(claim)
        else:
            opened = self._long_term(claim)
        self._opened[claim.access_key_id, claim.session_token or ""] = opened
        if len(self._opened) > CACHED:
            self._opened.popitem(last=False)
        return opened

    def _long_term(self, claim: Claim) -> Opened:
        key = self._snapshot.access_keys.get(claim.access_key_id)
        if (
            key is None
            or key.status != KeyStatus.ACTIVE
            or self._snapshot.is_closed(key.account)
        ):
            raise _refused(claim, Reason.UNKNOWN_KEY)
        if claim.session_token is not None:
            raise _refused(claim, Reason.INVALID_TOKEN)
        secret = self._vault.current.unseal(
            key.secret, purpose="access-key", row=key.id, account=key.account
        )
        return Opened(
            secret=Secret(secret.decode()), caller=self._owner(key), expires_at=None
        )

    def _owner(self, key: AccessKey) -> Caller:
        if not key.user:
            return root_caller(key.account, key.id, None)
        return user_caller(self._snapshot.users[key.user], key.id, None)

    def _temporary(self, claim: Claim) -> Opened:
        if claim.session_token is None:
            raise _refused(claim, Reason.UNKNOWN_KEY)
        try:
            session, secret = self._vault.current.unseal_session(
                claim.session_token, claim.access_key_id
            )
        except UnknownSealingKey:
            raise RingBehindError(
                Reason.INVALID_TOKEN, presigned=claim.presigned
            ) from None
        except InvalidToken:
            raise _refused(claim, Reason.INVALID_TOKEN) from None
        caller = self._of_session(session)
        if caller is None or self._snapshot.is_closed(caller.account):
            raise _refused(claim, Reason.INVALID_TOKEN)
        return Opened(secret=secret, caller=caller, expires_at=session.expires_at)

    def _of_session(self, session: Session) -> Caller | None:
        """The caller behind a session; None once its user or role is gone (T34)."""
        if session.kind is SessionKind.ROLE or session.principal.startswith("AROA"):
            role = self._snapshot.roles.get(session.principal)
            return None if role is None else role_caller(role, session)
        user = self._snapshot.users.get(session.principal)
        if user is None and (
            session.principal != session.account
            or session.account not in self._snapshot.accounts
        ):
            return None
        if session.kind is SessionKind.FEDERATED:
            return federated_caller(session, user)
        if session.kind is SessionKind.DELEGATED:
            return None if user is None else delegated_caller(user, session)
        if user is None:
            return root_caller(session.account, session.access_key_id, session)
        return user_caller(user, session.access_key_id, session)


def check_payload(request: Request, claim: Claim | None, *, upload: bool) -> None:
    """Returns unless the body is unsigned where only object data may be (T40).

    Raises:
        AuthenticationError: anybody could have written this body.
    """
    if claim is None or upload or claim.payload is HASHED:
        return
    check_body(request, claim, allow_unsigned=False)


def root_caller(account: str, access_key_id: str, session: Session | None) -> Caller:
    """The root user; its credentials never carry MFA facts (M35, T23)."""
    arn = f"arn:aws:iam::{account}:root"
    return Caller(
        principal=Principal(kind=PrincipalKind.ROOT, account=account, arn=arn),
        user_id=account,
        name="",
        principal_arn=arn,
        access_key_id=access_key_id,
        session=session,
        mfa_at=None,
        tags=(),
    )


def user_caller(user: User, access_key_id: str, session: Session | None) -> Caller:
    """An IAM user, with long-term keys or a GetSessionToken session."""
    return Caller(
        principal=Principal(
            kind=PrincipalKind.USER,
            account=user.account,
            arn=user.arn,
            unique_ids=(user.id,),
        ),
        user_id=user.id,
        name=user.name,
        principal_arn=user.arn,
        access_key_id=access_key_id,
        session=session,
        mfa_at=None if session is None else session.mfa_at,
        tags=user.tags,
    )


def role_caller(role: Role, session: Session) -> Caller:
    """A session of a role; the role's tags are overridden by the session's."""
    user_id = f"{role.id}:{session.name}"
    return Caller(
        principal=Principal(
            kind=PrincipalKind.ROLE_SESSION,
            account=role.account,
            arn=session_arn(session, role.name),
            role_arn=role.arn,
            unique_ids=(role.id, user_id),
        ),
        user_id=user_id,
        name="",
        principal_arn=role.arn,
        access_key_id=session.access_key_id,
        session=session,
        mfa_at=session.mfa_at,
        tags=_overridden(role.tags, session.tags),
    )


def federated_caller(session: Session, issuer: User | None) -> Caller:
    """A federated user; `issuer` is None when the root user asked for it."""
    arn = session_arn(session, "")
    return Caller(
        principal=Principal(
            kind=PrincipalKind.FEDERATED_USER,
            account=session.account,
            arn=arn,
            issuer="" if issuer is None else issuer.arn,
        ),
        user_id=f"{session.account}:{session.name}",
        name="",
        principal_arn=arn,
        access_key_id=session.access_key_id,
        session=session,
        mfa_at=None,
        tags=_overridden(() if issuer is None else issuer.tags, session.tags),
    )


def delegated_caller(user: User, session: Session) -> Caller:
    """A partner with the permissions of a user who has lent them.

    To policies of resources it is somebody behind whom the user stands, as a federated
    user is: so the policy of the session binds even where one names the user itself.
    """
    return Caller(
        principal=Principal(
            kind=PrincipalKind.FEDERATED_USER,
            account=user.account,
            arn=user.arn,
            role_arn=user.arn,
            unique_ids=(user.id,),
            issuer=user.arn,
        ),
        user_id=user.id,
        name=user.name,
        principal_arn=user.arn,
        access_key_id=session.access_key_id,
        session=session,
        mfa_at=None,
        tags=user.tags,
    )


def _overridden(tags: Tags, by: Tags) -> Tags:
    """Tags where the second's win; keys compare without case (facts 5.2)."""
    merged = {name_key(key): (key, value) for key, value in tags}
    merged.update({name_key(key): (key, value) for key, value in by})
    return tuple(merged.values())


def _refused(claim: Claim, reason: Reason) -> AuthenticationError:
    return AuthenticationError(
        reason,
        presigned=claim.presigned,
        extra=(("AWSAccessKeyId", claim.access_key_id),)
        if reason is Reason.UNKNOWN_KEY
        else (),
    )
