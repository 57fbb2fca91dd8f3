"""Entities of the issuer, root access and delegation, each with a change."""

from dataclasses import replace

from ostiary.identity.delegation import DelegationRequest
from ostiary.identity.issuer import OutboundFederation, STSPreference, TokenSigningKey
from ostiary.identity.model import Entity
from ostiary.identity.root_access import RootAccess, RootLogin

_ACCOUNT = "123456789012"
_NOW = 1_764_000_000
_FEDERATION = OutboundFederation(
    account=_ACCOUNT, enabled=True, created=_NOW, changed=_NOW
)
_SIGNING_KEY = TokenSigningKey(
    id="k1", algorithm="ES384", created=_NOW, public="{}", sealed=b"\0\xff"
)
_PREFERENCE = STSPreference(account=_ACCOUNT, version=1)
_ROOT_ACCESS = RootAccess(
    organization="o-1", credentials_management=True, sessions=False
)
_ROOT_LOGIN = RootLogin(account=_ACCOUNT, created=_NOW)
_REQUEST = DelegationRequest(
    id="d-1",
    partner=_ACCOUNT,
    workflow="w",
    created=_NOW,
    asked="{}",
    policy="{}",
    duration=300,
    owner_account="",
    owner="",
    approver="",
    approver_id="",
    state="UNASSIGNED",
    notes="é",
    updated=_NOW,
    sent=0,
    token="",
)
PAIRS: tuple[tuple[Entity, Entity], ...] = (
    (_FEDERATION, replace(_FEDERATION, enabled=False, changed=_NOW + 1)),
    (_SIGNING_KEY, replace(_SIGNING_KEY, sealed=b"")),
    (_PREFERENCE, replace(_PREFERENCE, version=2)),
    (_ROOT_ACCESS, replace(_ROOT_ACCESS, sessions=True)),
    (_ROOT_LOGIN, replace(_ROOT_LOGIN, created=_NOW + 1)),
    (_REQUEST, replace(_REQUEST, state="ASSIGNED", owner="arn:x")),
)
