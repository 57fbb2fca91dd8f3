"""Users, groups, roles and policies of a page, each member checked (facts 10.1)."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from ostiary.identity.model import AWS, Tags, iam_arn
from ostiary.policy import Kind, parse
from ostiary.services.iam import managed
from ostiary.services.iam.owners import LINKED_PATH
from ostiary.services.imports.details import (
    OwnerDetail,
    PolicyDetail,
    ProfileDetail,
    Title,
    VersionDetail,
)
from ostiary.services.imports.fields import Fields, Form

_NAME_SAID: Final = "letters, digits and `_+=,.@-`"


def _name(most: int) -> Form:
    pattern = re.compile(rf"[\w+=,.@-]{{1,{most}}}", re.ASCII)
    return Form(pattern=pattern, said=f"1 to {most} of {_NAME_SAID}")


_NAMES: Final = {"User": _name(64), "Group": _name(128), "Role": _name(64)}
_POLICY_NAME: Final = _name(128)
_PATH: Final = Form(
    pattern=re.compile(r"/|/[\x21-\x7e]{1,510}/", re.ASCII),
    said="a path that begins and ends with `/`, of up to 512 characters",
)
_POLICY_PATH: Final = Form(
    pattern=re.compile(r"(?=.{1,512}\Z)(?:/[A-Za-z0-9.,+@=_-]+)*/", re.ASCII),
    said="a policy's path that begins and ends with `/`, of up to 512 characters",
)
_ANY: Final = Form(pattern=re.compile(r".{1,2048}", re.DOTALL), said="a text")
_ARN: Final = Form(
    pattern=re.compile(r"arn:aws:iam::([0-9]{12}|aws):[\x21-\x7e]{1,2000}", re.ASCII),
    said="an ARN of IAM in the partition `aws`",
)
_POLICY_ARN: Final = Form(
    pattern=re.compile(r"arn:aws:iam::(?:[0-9]{12}|aws):policy/[\x21-\x7e]{1,2000}"),
    said="the ARN of a managed policy in the partition `aws`",
)
_VERSION: Final = Form(
    pattern=re.compile(r"v[1-9][0-9]{0,8}", re.ASCII), said="`v` and a number"
)
_DESCRIPTION: Final = Form(
    pattern=re.compile(r"[\t\n\r\x20-\x7e\xa1-\xff]{0,1000}"),
    said="up to 1000 characters of Latin-1",
)
_SESSION: Final = (3600, 43_200)
_ID: Final = r"[A-Z2-7]{17}"
_TRUST: Final = "AssumeRolePolicyDocument"
_PREFIXES: Final = {"User": "AIDA", "Group": "AGPA", "Role": "AROA"}


def read_owner(fields: Fields, title: Title) -> tuple[str, OwnerDetail]:
    """The account that the ARN names, and the user, group or role."""
    fields = _completed(fields, f"{title}Name")
    name = fields.text(f"{title}Name", _NAMES[title])
    path = fields.text_or("Path", _PATH, "/")
    account = _account(fields, title.lower(), path, name)
    boundary = fields.object_or("PermissionsBoundary")
    owner = OwnerDetail(
        place=fields.place,
        title=title,
        name=name,
        path=path,
        id=_unique_id(fields, f"{title}Id", _PREFIXES[title]),
        created=fields.time("CreateDate"),
        inline=_inline(fields, f"{title}PolicyList"),
        attached=tuple(_attached(fields)),
        groups=tuple(_groups(fields)) if title == "User" else (),
        boundary=""
        if boundary is None
        else boundary.text("PermissionsBoundaryArn", _POLICY_ARN),
        tags=() if title == "Group" else fields.tags(fold_case=True),
    )
    return account, _as_role(fields, owner) if title == "Role" else owner


def _as_role(fields: Fields, owner: OwnerDetail) -> OwnerDetail:
    """With what only roles have; AWS tells neither description nor session limit."""
    before = len(fields.faults)
    trust = fields.document(_TRUST, Kind.TRUST)
    if owner.path.startswith(LINKED_PATH) and len(fields.faults) == before:
        _require_services(fields, trust)
    return replace(
        owner,
        trust=trust,
        description=_description(fields),
        max_session=fields.number_or("MaxSessionDuration", *_SESSION),
        profiles=tuple(_profiles(fields)),
    )


def _require_services(fields: Fields, trust: str) -> None:
    """A fault when others than services may take a service-linked role.

    No policy of an organization binds such a role, so nobody else may have it.
    """
    for statement in parse(trust, kind=Kind.TRUST).statements:
        named = statement.principal
        if (
            named is None
            or named.negated
            or any(kind != "Service" for kind, _ in named.members)
        ):
            fields.fault(
                _TRUST,
                "found a service-linked role that others than services may take, "
                "expected principals of the type `Service` only",
                f"a role of the account's own stands outside of `{LINKED_PATH}`",
            )
            return


def _description(fields: Fields) -> str | None:
    if "Description" not in fields.members:
        return None
    return fields.text_or("Description", _DESCRIPTION, "")


def read_policy(fields: Fields) -> tuple[str, PolicyDetail]:
    """The account that the ARN names, `aws` for AWS's own, and the managed policy."""
    fields = _completed(fields, "PolicyName")
    name = fields.text("PolicyName", _POLICY_NAME)
    path = fields.text_or("Path", _POLICY_PATH, "/")
    account = _account(fields, "policy", path, name)
    created = fields.time("CreateDate")
    # AWS writes some documents that it takes from nobody else.
    kind = None if account == AWS else Kind.IDENTITY
    versions = tuple(_versions(fields, kind))
    default = _number(fields.text("DefaultVersionId", _VERSION))
    numbers = [one.number for one in versions]
    if default and default not in numbers:
        fields.fault(
            "DefaultVersionId",
            f"found `v{default}`, expected one of the versions in `PolicyVersionList`",
            "fetch the file anew, without `--query`",
        )
    if len(set(numbers)) < len(numbers):
        fields.fault("PolicyVersionList", "found a version twice")
    return account, PolicyDetail(
        place=fields.place,
        arn=iam_arn(account, "policy", path, name),
        account=account,
        name=name,
        path=path,
        id=_unique_id(fields, "PolicyId", "ANPA"),
        created=created,
        updated=fields.time("UpdateDate") or created,
        description=_description(fields),
        default_version=default,
        versions=versions,
        tags=_tags_if_told(fields),
    )


def _versions(fields: Fields, kind: Kind | None) -> Iterator[VersionDetail]:
    for one in fields.objects("PolicyVersionList"):
        yield VersionDetail(
            number=_number(one.text("VersionId", _VERSION)),
            text=one.document("Document", kind),
            created=one.time("CreateDate"),
        )


def _number(version: str) -> int:
    return int(version[1:] or 0)


def _profiles(fields: Fields) -> Iterator[ProfileDetail]:
    for told in fields.objects("InstanceProfileList"):
        one = _completed(told, "InstanceProfileName")
        name = one.text("InstanceProfileName", _POLICY_NAME)
        path = one.text_or("Path", _PATH, "/")
        _account(one, "instance-profile", path, name)
        yield ProfileDetail(
            place=one.place,
            name=name,
            path=path,
            id=_unique_id(one, "InstanceProfileId", "AIPA"),
            created=one.time("CreateDate"),
            tags=_tags_if_told(one),
        )


def _inline(fields: Fields, member: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in fields.objects(member):
        name = one.text("PolicyName", _POLICY_NAME)
        text = one.document("PolicyDocument", Kind.IDENTITY)
        if name in found:
            one.fault("PolicyName", f"found the inline policy `{name}` twice")
        found[name] = text
    return found


def _attached(fields: Fields) -> Iterator[str]:
    seen = set()
    for one in fields.objects("AttachedManagedPolicies"):
        arn = one.text("PolicyArn", _POLICY_ARN)
        if arn in seen:
            one.fault("PolicyArn", f"found the policy `{arn}` twice")
        elif arn and managed.account_in(arn) is None:
            one.fault("PolicyArn", f"found `{arn}`, expected {_POLICY_ARN.said}")
        seen.add(arn)
        yield arn


def _groups(fields: Fields) -> Iterator[str]:
    for place, value in fields.values("GroupList"):
        member = str(place.pointer.rpartition("/")[2])
        inner = Fields(
            members={member: value},
            place=fields.place.at("GroupList"),
            faults=fields.faults,
        )
        yield inner.text(member, _NAMES["Group"])


def _completed(fields: Fields, member: str) -> Fields:
    """With name and path from the ARN where they are not told, as by emulators."""
    arn = fields.members.get("Arn")
    if not isinstance(arn, str) or not _ARN.pattern.fullmatch(arn):
        return fields
    told = {key: one for key, one in fields.members.items() if one is not None}
    place, _, name = arn.split(":", 5)[5].rpartition("/")
    path = f"/{place.partition('/')[2]}/".replace("//", "/")
    members = {member: name, "Path": path, **told}
    return Fields(members=members, place=fields.place, faults=fields.faults)


def _tags_if_told(fields: Fields) -> Tags | None:
    return fields.tags(fold_case=False) if "Tags" in fields.members else None


def _account(fields: Fields, kind: str, path: str, name: str) -> str:
    """The account in `Arn`, which must be the ARN of this path and name."""
    arn = fields.text("Arn", _ARN)
    account = arn.split(":")[4] if arn else ""
    own = iam_arn(account, kind, path, name)
    is_aws = account == AWS and kind != "policy"
    if arn and name and path and (arn != own or is_aws):
        fields.fault("Arn", f"found `{arn}`, expected `{own}`")
    return account


def _unique_id(fields: Fields, member: str, prefix: str) -> str:
    """The id, if it could have been made here; other emulators make others."""
    value = fields.text_or(member, _ANY, "")
    return value if re.fullmatch(prefix + _ID, value, re.ASCII) else ""
