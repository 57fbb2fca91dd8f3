"""One entity of every kind, and users in numbers."""

from dataclasses import dataclass, replace
from typing import Any, cast

from ostiary.identity import holdings, last_use, model, organization
from ostiary.identity.model import Entity, Group, User
from tests.conformance import issuer_samples

ACCOUNT = "123456789012"
OTHER = "210987654321"
NOW = 1_764_000_000
TAGS = (("Zoo", "é"), ("a", ""))


def user(name: str, **changed: object) -> User:
    """A user whose id follows from account and name."""
    sample = User(
        id="", account=ACCOUNT, name=name, path="/", created=NOW, tags=(), boundary=""
    )
    sample = replace(sample, **cast("Any", changed))
    return replace(sample, id=sample.id or f"AIDA{sample.account}{name}")


def group(name: str) -> Group:
    """A group whose id follows from its name."""
    return Group(id=f"AGPA{name}", account=ACCOUNT, name=name, path="/", created=NOW)


@dataclass(frozen=True)
class Sample:
    """An entity, the same one after a change, and what it refers to."""

    entity: Entity
    changed: Entity
    needs: tuple[Entity, ...] = ()


_ALICE = user("Alice", path="/dev/", tags=TAGS, boundary="arn:limit")
_DEVS = group("Devs")
_POLICY = model.Policy(
    arn="arn:aws:iam::123456789012:policy/p",
    id="ANPA1",
    account=ACCOUNT,
    name="p",
    path="/",
    created=NOW,
    updated=NOW,
    description="what for",
    default_version=1,
    next_version=2,
    tags=TAGS,
)
_VERSION = model.PolicyVersion(policy=_POLICY.arn, number=12, text="{}", created=NOW)
_ROLE = model.Role(
    id="AROA1",
    account=ACCOUNT,
    name="Ops",
    path="/",
    created=NOW,
    description="",
    trust="{}",
    max_session=3600,
    tags=TAGS,
    boundary="",
)
_KEY = model.AccessKey(
    id="AKIA1",
    account=ACCOUNT,
    user=_ALICE.id,
    secret=b"\0\xff",
    status=model.KeyStatus.ACTIVE,
    created=NOW,
)
_DEVICE = model.MFADevice(
    serial="arn:aws:iam::123456789012:mfa/Alice",
    account=ACCOUNT,
    kind=model.DeviceKind.VIRTUAL,
    id="d1",
    seed=b"\1",
    user=_ALICE.id,
    created=NOW,
    enabled=NOW,
    drift=-1,
    last_step=-1,
    tags=TAGS,
)
_PROFILE = model.LoginProfile(
    user=_ALICE.id,
    password_hash="$argon2id$",
    reset_required=True,
    created=NOW,
    changed=NOW,
    history="[]",
)
_INLINE = model.InlinePolicy(owner=_ALICE.id, name="p", text=" {} ")
_BUCKET = model.OwnedResource(
    arn="arn:aws:s3:::b", account=ACCOUNT, created=NOW, state="{}"
)
_BUCKET_POLICY = model.ResourcePolicy(
    arn="arn:aws:s3:::b", account=ACCOUNT, text="{}", updated=NOW
)
_SEALING_KEY = model.SealingKey(id="k1", created=NOW, sealed=b"\2")
_ACCOUNT = model.Account(id=ACCOUNT, name="first", alias="", created=NOW)
_MEMBERSHIP = model.Membership(user=_ALICE.id, group=_DEVS.id)
_ATTACHMENT = model.Attachment(account=ACCOUNT, owner=_ALICE.id, policy=_POLICY.arn)
_INSTANCE_PROFILE = holdings.InstanceProfile(
    id="AIPA1", account=ACCOUNT, name="Web", path="/", created=NOW, role="", tags=TAGS
)
_OIDC = holdings.OIDCProvider(
    arn="arn:aws:iam::123456789012:oidc-provider/e.example",
    account=ACCOUNT,
    url="e.example",
    clients='["a"]',
    thumbprints="[]",
    created=NOW,
    tags=TAGS,
)
_SAML = holdings.SAMLProvider(
    arn="arn:aws:iam::123456789012:saml-provider/p",
    account=ACCOUNT,
    name="p",
    id="S1",
    metadata="<x/>",
    created=NOW,
    valid_until=NOW + 1,
    tags=TAGS,
)
_SERVER_CERTIFICATE = holdings.ServerCertificate(
    id="ASCA1",
    account=ACCOUNT,
    name="site",
    path="/",
    created=NOW,
    expires=NOW + 1,
    body="pem",
    chain="",
    private_key=b"\4",
    tags=TAGS,
)
_SIGNING_CERTIFICATE = holdings.SigningCertificate(
    id="C1",
    account=ACCOUNT,
    user=_ALICE.id,
    body="pem",
    fingerprint="f",
    status="Active",
    created=NOW,
)
_SSH_KEY = holdings.SSHPublicKey(
    id="APKA1",
    account=ACCOUNT,
    user=_ALICE.id,
    body="ssh-rsa",
    fingerprint="f",
    status="Active",
    created=NOW,
)
_SERVICE_CREDENTIAL = holdings.ServiceCredential(
    id="ACCA1",
    account=ACCOUNT,
    user=_ALICE.id,
    service="codecommit.amazonaws.com",
    name="Alice-at-123456789012",
    secret=b"\5",
    status="Active",
    created=NOW,
    expires=0,
)
_PASSWORD_POLICY = holdings.PasswordPolicy(
    account=ACCOUNT,
    length=8,
    symbols=True,
    numbers=False,
    upper=False,
    lower=True,
    self_service=False,
    max_age=0,
    reuse=5,
    hard_expiry=-1,
)
_REPORT = holdings.CredentialReport(account=ACCOUNT, created=NOW, content="user")
_DELETION = holdings.DeletionTask(id="task/x", account=ACCOUNT, created=NOW)

_ACCESS_REPORT = last_use.AccessReport(
    id="12345678-1234-4234-8234-123456789012",
    account=ACCOUNT,
    asker="AIDA1",
    created=NOW,
    kind="SERVICE_LEVEL",
    content="{}",
)
_ORGANIZATION = organization.Organization(
    id="o-1",
    management=ACCOUNT,
    features="ALL",
    root="r-1",
    policy_types="",
    created=NOW,
    tags=TAGS,
)
_UNIT = organization.Unit(
    id="ou-1", organization="o-1", parent="r-1", name="Dev", created=NOW, tags=TAGS
)
_MEMBER = organization.Member(
    account=ACCOUNT,
    organization="o-1",
    parent="r-1",
    name="first",
    email="a@b.example",
    method="CREATED",
    joined=NOW,
    tags=TAGS,
)
_CONTROL = organization.OrganizationPolicy(
    id="p-1",
    organization="o-1",
    type=organization.SCP,
    name="guard",
    description="",
    text="{}",
    created=NOW,
    tags=TAGS,
)
_TARGET = organization.PolicyTarget(target="r-1", policy="p-1", organization="o-1")
_CREATION = organization.AccountCreation(
    id="car-1",
    organization="o-1",
    name="second",
    account=ACCOUNT,
    failure="",
    created=NOW,
)
_HANDSHAKE = organization.Handshake(
    id="h-1",
    organization="o-1",
    account=ACCOUNT,
    action="INVITE",
    parent="",
    target="{}",
    state="OPEN",
    notes="",
    created=NOW,
    expires=NOW + 1,
    tags=TAGS,
)
_TRUSTED = organization.TrustedService(
    organization="o-1", service="iam.amazonaws.com", enabled=NOW
)
_DELEGATION = organization.Delegation(
    account=ACCOUNT, service="iam.amazonaws.com", organization="o-1", enabled=NOW
)

SAMPLES = (
    Sample(_ACCOUNT, replace(_ACCOUNT, alias="one")),
    Sample(_ALICE, replace(_ALICE, name="Alicia", tags=())),
    Sample(_DEVS, replace(_DEVS, path="/x/")),
    Sample(_ROLE, replace(_ROLE, max_session=43200)),
    Sample(_POLICY, replace(_POLICY, default_version=2)),
    Sample(_VERSION, replace(_VERSION, text="[]"), (_POLICY,)),
    Sample(_INLINE, replace(_INLINE, text="[]")),
    Sample(_ATTACHMENT, _ATTACHMENT, (_POLICY,)),
    Sample(_MEMBERSHIP, _MEMBERSHIP, (_ALICE, _DEVS)),
    Sample(_KEY, replace(_KEY, status=model.KeyStatus.INACTIVE)),
    Sample(_PROFILE, replace(_PROFILE, reset_required=False), (_ALICE,)),
    Sample(_DEVICE, replace(_DEVICE, last_step=2**40, drift=7)),
    Sample(_BUCKET_POLICY, replace(_BUCKET_POLICY, text="[]")),
    Sample(_BUCKET, replace(_BUCKET, state="[]")),
    Sample(_SEALING_KEY, replace(_SEALING_KEY, sealed=b"")),
    Sample(_INSTANCE_PROFILE, replace(_INSTANCE_PROFILE, role="AROA1")),
    Sample(_OIDC, replace(_OIDC, clients="[]")),
    Sample(_SAML, replace(_SAML, metadata="<y/>")),
    Sample(_SERVER_CERTIFICATE, replace(_SERVER_CERTIFICATE, path="/x/")),
    Sample(
        _SIGNING_CERTIFICATE,
        replace(_SIGNING_CERTIFICATE, status="Inactive"),
        (_ALICE,),
    ),
    Sample(_SSH_KEY, replace(_SSH_KEY, status="Inactive"), (_ALICE,)),
    Sample(_SERVICE_CREDENTIAL, replace(_SERVICE_CREDENTIAL, secret=b""), (_ALICE,)),
    Sample(_PASSWORD_POLICY, replace(_PASSWORD_POLICY, reuse=0)),
    Sample(_REPORT, replace(_REPORT, content="")),
    Sample(_DELETION, replace(_DELETION, created=NOW + 1)),
    Sample(_ACCESS_REPORT, replace(_ACCESS_REPORT, content="[]")),
    Sample(_ORGANIZATION, replace(_ORGANIZATION, policy_types=organization.RCP)),
    Sample(_UNIT, replace(_UNIT, name="Test")),
    Sample(_MEMBER, replace(_MEMBER, parent="ou-1")),
    Sample(_CONTROL, replace(_CONTROL, text="[]", tags=())),
    Sample(_TARGET, _TARGET),
    Sample(_CREATION, replace(_CREATION, failure="EMAIL_ALREADY_EXISTS")),
    Sample(_HANDSHAKE, replace(_HANDSHAKE, state="ACCEPTED")),
    Sample(_TRUSTED, replace(_TRUSTED, enabled=NOW + 1)),
    Sample(_DELEGATION, replace(_DELEGATION, enabled=NOW + 1)),
    *(Sample(entity, changed) for entity, changed in issuer_samples.PAIRS),
)
DEVICE = _DEVICE
POLICY = _POLICY
ALICE = _ALICE
DEVS = _DEVS
