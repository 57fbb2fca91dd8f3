"""One entity of every kind, and users in numbers."""

from dataclasses import dataclass, replace
from typing import Any, cast

from ostiary.identity import model
from ostiary.identity.model import Entity, Group, User

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
    user=_ALICE.id, password_hash="$argon2id$", reset_required=True, created=NOW
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
)
DEVICE = _DEVICE
POLICY = _POLICY
ALICE = _ALICE
DEVS = _DEVS
