"""Which policies apply to a caller and a resource, compiled.

Documents are compiled once per text and shared by everybody who has them;
what a principal has is gathered once per revision of the snapshot.
"""

from dataclasses import dataclass
from functools import lru_cache

from ostiary.identity.caller import Caller
from ostiary.identity.session import Session, SessionKind
from ostiary.policy import (
    Attached,
    Compiled,
    Kind,
    PolicyError,
    PolicySet,
    PrincipalKind,
    attach,
    compile,  # noqa: A004 - the field's own word
    parse,
)
from ostiary.policy.request import OUTSIDERS
from ostiary.store.snapshot import Snapshot

_ALLOW_ALL = (
    '{"Version":"2012-10-17","Statement":'
    '{"Effect":"Allow","Action":"*","Resource":"*"}}'
)
"""What a federated user of the root user gets before the session policy limits it."""


class InvalidPolicyError(Exception):
    """A stored document that cannot be evaluated: the request is refused (T80)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A caller's policies by kind, and where each of them stands."""

    identity: tuple[Compiled, ...]
    identity_sources: tuple[str, ...]
    boundary: tuple[Compiled, ...] | None
    boundary_sources: tuple[str, ...]
    session: tuple[Compiled, ...] | None
    session_sources: tuple[str, ...]

    def with_resource(
        self,
        resource: Compiled | None,
        kind: Kind,
        scps: tuple[Attached, ...] = (),
        rcps: tuple[Attached, ...] = (),
    ) -> PolicySet:
        """All kinds together, for one resource, with those that bind from above."""
        return PolicySet(
            identity=self.identity,
            resource=resource,
            resource_kind=kind,
            boundary=self.boundary,
            session=self.session,
            scps=scps,
            rcps=rcps,
        )

    def source(self, kind: Kind, index: int) -> str:
        """Where the policy stands that a determining statement names."""
        sources = {
            Kind.IDENTITY: self.identity_sources,
            Kind.BOUNDARY: self.boundary_sources,
            Kind.SESSION: self.session_sources,
        }.get(kind, ())
        return sources[index] if index < len(sources) else ""


_NOTHING = Applied(
    identity=(),
    identity_sources=(),
    boundary=None,
    boundary_sources=(),
    session=None,
    session_sources=(),
)


class Applicable:
    """The policies of every principal, cached while the snapshot stands still."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._of_principal: dict[str, Applied] = {}
        snapshot.listeners.append(self._of_principal.clear)

    def of(self, caller: Caller) -> Applied:
        """What applies to the caller; raises InvalidPolicyError."""
        session = caller.session
        if caller.principal.kind in OUTSIDERS:
            # Whoever has no account here has no policies, whatever it calls itself.
            return _NOTHING
        if session is None or session.kind is SessionKind.SESSION_TOKEN:
            return self._of_owner(caller)
        applied = self._of_owner(caller)
        documents = self._session_documents(session)
        if documents is None:
            return applied
        return Applied(
            identity=applied.identity,
            identity_sources=applied.identity_sources,
            boundary=applied.boundary,
            boundary_sources=applied.boundary_sources,
            session=tuple(compiled(text, Kind.SESSION) for _, text in documents),
            session_sources=tuple(source for source, _ in documents),
        )

    def of_resource(self, arn: str) -> Compiled | None:
        """The policy on a bucket, queue, topic or table."""
        policy = self._snapshot.resource_policies.get(arn)
        return None if policy is None else compiled(policy.text, Kind.RESOURCE)

    def trust_of(self, role_arn: str) -> Compiled | None:
        """The trust policy of a role; None when there is no such role.

        Names match with their case, although they are unique without it
        (facts 7.4).
        """
        account, _, path = role_arn.partition("::")[2].partition(":role/")
        role = self._snapshot.role_named(account, path.rpartition("/")[2])
        if role is None or role.arn != role_arn:
            return None
        return compiled(role.trust, Kind.TRUST)

    def _of_owner(self, caller: Caller) -> Applied:
        owner = self._owner(caller)
        found = self._of_principal.get(owner)
        if found is None:
            found = self._of_principal[owner] = self._gather(caller, owner)
        return found

    def _owner(self, caller: Caller) -> str:
        """Whose identity policies count: the user, the role, or the federating user."""
        if caller.session is not None:
            return caller.session.principal
        return caller.user_id

    def _gather(self, caller: Caller, owner: str) -> Applied:
        snapshot = self._snapshot
        documents = list(snapshot.documents_of(owner))
        for group in snapshot.groups_of.get(owner, ()):
            name = snapshot.groups[group].name
            documents += [
                (f"group {name}: {source}", text)
                for source, text in snapshot.documents_of(group)
            ]
        federated = caller.principal.kind is PrincipalKind.FEDERATED_USER
        if federated and owner == caller.account:
            documents.append(("root user", _ALLOW_ALL))
        boundary = self._boundary(owner)
        return Applied(
            identity=_together(documents, Kind.IDENTITY),
            identity_sources=tuple(source for source, _ in documents),
            boundary=boundary,
            boundary_sources=() if boundary is None else ("permissions boundary",),
            session=None,
            session_sources=(),
        )

    def _boundary(self, owner: str) -> tuple[Compiled, ...] | None:
        snapshot = self._snapshot
        entity = snapshot.users.get(owner) or snapshot.roles.get(owner)
        if entity is None or not entity.boundary:
            return None
        text = snapshot.default_text(entity.boundary)
        # A boundary that is gone allows nothing, rather than everything.
        documents = [] if text is None else [("permissions boundary", text)]
        return _together(documents, Kind.BOUNDARY)

    def _session_documents(self, session: Session) -> list[tuple[str, str]] | None:
        """The session policies; None when none limits the session (facts 6.1, 9)."""
        documents = []
        if session.policy is not None:
            documents.append(("inline session policy", session.policy))
        for arn in session.policy_arns:
            text = self._snapshot.default_text(arn)
            if text is not None:
                documents.append((arn, text))
        given = session.policy is not None or session.policy_arns
        if not given and session.kind is SessionKind.ROLE:
            return None
        return documents


def _together(documents: list[tuple[str, str]], kind: Kind) -> Attached:
    return _attached(kind, tuple([compiled(text, kind) for _, text in documents]))


# An index outlives the revision: most principals have after a change what they had.
_attached = lru_cache(maxsize=16_384)(attach)


def compiled(text: str, kind: Kind) -> Compiled:
    """The document, compiled; equal texts share one form.

    Texts that callers bring along have a small cache of their own, so that nobody
    fills the memory with them.
    """
    return (_brought if kind is Kind.SESSION else _stored)(text, kind)


def _compiled(text: str, kind: Kind) -> Compiled:
    try:
        return compile(parse(text, kind=kind))
    except PolicyError as error:
        raise InvalidPolicyError(f"{error.pointer}: {error.message}") from error


_stored = lru_cache(maxsize=65_536)(_compiled)
_brought = lru_cache(maxsize=2_048)(_compiled)
