"""What a page costs: the database walks an index and sorts nothing (T102)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event

from ostiary.identity.delegation import DelegationRequest
from ostiary.identity.holdings import (
    InstanceProfile,
    ServerCertificate,
    ServiceCredential,
)
from ostiary.identity.model import (
    Attachment,
    Entity,
    Group,
    InlinePolicy,
    Membership,
    MFADevice,
    Policy,
    PolicyVersion,
    Role,
    User,
)
from ostiary.identity.organization import (
    AccountCreation,
    Delegation,
    Handshake,
    Member,
    OrganizationPolicy,
    PolicyTarget,
    TrustedService,
    Unit,
)
from ostiary.store.engine import open_engine, prepare_schema
from ostiary.store.port import Page
from ostiary.store.sql import SqlStore
from tests.conformance.samples import ACCOUNT

LISTS: list[tuple[type[Entity], dict[str, Any]]] = [
    (User, {"account": ACCOUNT}),
    (Group, {"account": ACCOUNT}),
    (Role, {"account": ACCOUNT}),
    (Policy, {"account": ACCOUNT}),
    (User, {"account": ACCOUNT, "boundary": "arn"}),
    (Role, {"account": ACCOUNT, "boundary": "arn"}),
    (Membership, {"group": "AGPA1"}),
    (Membership, {"user": "AIDA1"}),
    (Attachment, {"policy": "arn", "account": ACCOUNT}),
    (Attachment, {"owner": "AIDA1"}),
    (InlinePolicy, {"owner": "AIDA1"}),
    (PolicyVersion, {"policy": "arn"}),
    (InstanceProfile, {"account": ACCOUNT}),
    (InstanceProfile, {"role": "AROA1"}),
    (ServerCertificate, {"account": ACCOUNT}),
    (ServiceCredential, {"account": ACCOUNT}),
    (ServiceCredential, {"account": ACCOUNT, "service": "s"}),
    (MFADevice, {"account": ACCOUNT, "kind": "virtual"}),
    (ServiceCredential, {"user": "AIDA1"}),
    (DelegationRequest, {"owner_account": ACCOUNT}),
    (DelegationRequest, {"owner_account": ACCOUNT, "owner": "arn"}),
    (Member, {"organization": "o-1"}),
    (Member, {"parent": "r-1"}),
    (Unit, {"parent": "r-1"}),
    (OrganizationPolicy, {"organization": "o-1", "type": "t"}),
    (PolicyTarget, {"organization": "o-1", "policy": "p-1"}),
    (AccountCreation, {"organization": "o-1"}),
    (Handshake, {"organization": "o-1"}),
    (Handshake, {"account": ACCOUNT}),
    (TrustedService, {"organization": "o-1"}),
    (Delegation, {"organization": "o-1", "service": "s"}),
    (Delegation, {"account": ACCOUNT}),
]


@contextmanager
def _statements(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """The queries that are run meanwhile, with their parameters."""
    seen: list[tuple[str, Any]] = []

    def note(*args: Any) -> None:
        _, _, statement, parameters, _, _ = args
        if "LIMIT" in statement:
            seen.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.threat("T102")
@pytest.mark.parametrize(
    ("kind", "equal"),
    LISTS,
    ids=lambda value: getattr(value, "__name__", None) or "-".join(value),
)
def test_a_page_is_a_stretch_of_an_index(
    kind: type[Entity], equal: dict[str, Any]
) -> None:
    """SQLite's plan has one search by index, and no sort of all that match."""
    engine = open_engine("sqlite://")
    prepare_schema(engine)
    with _statements(engine) as statements, SqlStore(engine).read() as view:
        view.list_by(
            kind, Page(after="" if kind is PolicyVersion else "x", limit=3), **equal
        )
    [(statement, parameters)] = statements
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        plan = [row.detail for row in rows]
    assert len(plan) == 1
    assert plan[0].startswith("SEARCH")
    assert "INDEX" in plan[0]
