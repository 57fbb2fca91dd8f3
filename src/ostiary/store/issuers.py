"""What the issuing of tokens for others reads: a part of the snapshot, fed by it."""

from dataclasses import dataclass, field

from ostiary.identity.delegation import DelegationRequest
from ostiary.identity.issuer import OutboundFederation, STSPreference, TokenSigningKey
from ostiary.identity.model import Entity
from ostiary.identity.organization import Delegation, TrustedService
from ostiary.identity.root_access import RootAccess


@dataclass(slots=True)
class Issuers:
    """Entities of each kind by their keys."""

    federations: dict[str, OutboundFederation] = field(default_factory=dict)
    signing_keys: dict[str, TokenSigningKey] = field(default_factory=dict)
    root_access: dict[str, RootAccess] = field(default_factory=dict)
    trusted: dict[str, TrustedService] = field(default_factory=dict)
    administrators: dict[str, Delegation] = field(default_factory=dict)
    requests: dict[str, DelegationRequest] = field(default_factory=dict)
    preferences: dict[str, STSPreference] = field(default_factory=dict)

    def put(self, entity: Entity) -> None:
        """Takes a new or changed entity; kinds that are not of here pass by."""
        table = self._table(type(entity))
        if table is not None:
            table[entity.key] = entity

    def remove(self, kind: type[Entity], key: str) -> None:
        """Forgets an entity, if it was here."""
        table = self._table(kind)
        if table is not None:
            table.pop(key, None)

    def _table(self, kind: type[Entity]) -> dict[str, Entity] | None:
        tables: dict[type[Entity], object] = {
            OutboundFederation: self.federations,
            TokenSigningKey: self.signing_keys,
            RootAccess: self.root_access,
            TrustedService: self.trusted,
            Delegation: self.administrators,
            DelegationRequest: self.requests,
            STSPreference: self.preferences,
        }
        return tables.get(kind)  # type: ignore[return-value]  # one kind per table
