"""The credential report: who has which credentials, as CSV (facts 8.6).

A password that nobody used yet is `no_information`, a key `N/A`, as on AWS.
"""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, TypeVar

from ostiary.identity.holdings import (
    CredentialReport,
    PasswordPolicy,
    SigningCertificate,
)
from ostiary.identity.last_use import password_of
from ostiary.identity.model import (
    AccessKey,
    Account,
    KeyStatus,
    LoginProfile,
    MFADevice,
    User,
)
from ostiary.services.errors import ServiceError
from ostiary.services.operation import (
    Call,
    Operations,
    ReadOperation,
    Result,
    SlowChangeOperation,
)
from ostiary.store.codec import name_key
from ostiary.store.port import Change, Page, Reader

C = TypeVar("C")

CHUNK: Final = 1000
"""Users that are read at a time."""
LIFETIME: Final = 4 * 3600
"""Seconds for which a report stands; a new one is made after that."""

COLUMNS: Final = (
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_1_last_used_date",
    "access_key_1_last_used_region",
    "access_key_1_last_used_service",
    "access_key_2_active",
    "access_key_2_last_rotated",
    "access_key_2_last_used_date",
    "access_key_2_last_used_region",
    "access_key_2_last_used_service",
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
)

_NONE: Final = "N/A"
_UNKNOWN: Final = "no_information"
_FOREIGN: Final = "not_supported"
_DAY: Final = 86_400


def generate(call: Call, view: Reader) -> Callable[[Change], Result]:
    """A new report, unless the last one still stands."""
    account = call.caller.account
    if _is_fresh(view.find(CredentialReport, account), call.now):
        return lambda _: {"State": "COMPLETE"}
    report = CredentialReport(
        account=account, created=call.now, content=_content(view, account)
    )

    def finish(change: Change) -> Result:
        if change.find(CredentialReport, account) is None:
            change.insert(report)
        else:
            change.replace(report)
        return {
            "State": "STARTED",
            "Description": "No report exists. Starting a new report generation task",
        }

    return finish


def get_report(call: Call, view: Reader) -> Result:
    """The last report, while it stands."""
    report = view.find(CredentialReport, call.caller.account)
    if report is None:
        # AWS sends no text here.
        raise ServiceError("ReportNotPresent", "", 410)
    if not _is_fresh(report, call.now):
        raise ServiceError("ReportExpired", "", 410)
    return {
        "Content": report.content.encode(),
        "ReportFormat": "text/csv",
        "GeneratedTime": report.created,
    }


def _is_fresh(report: CredentialReport | None, now: int) -> bool:
    return report is not None and now - report.created < LIFETIME


def _content(view: Reader, account: str) -> str:
    """The report as it is now: root, then the users by name."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    root = view.find(Account, account)
    if root is not None:
        writer.writerow(_root(view, root))
    policy = view.find(PasswordPolicy, account)
    age = policy.max_age * _DAY if policy else 0
    start = Page(limit=CHUNK)
    while users := view.list_by(User, start, account=account):
        writer.writerows(_user(view, user, age) for user in users)
        start = replace(start, after=name_key(users[-1].name))
    return text.getvalue().removesuffix("\n")


def _root(view: Reader, root: Account) -> list[str]:
    devices = view.count(MFADevice, account=root.id, user=root.id)
    return [
        "<root_account>",
        root.root_arn,
        _time(root.created),
        _FOREIGN,
        _password_used(view, root.id),
        _FOREIGN,
        _FOREIGN,
        _flag(devices > 0),
        *_keys(view, view.list_by(AccessKey, account=root.id, user="")),
        *_certificates(()),
    ]


def _user(view: Reader, user: User, age: int) -> list[str]:
    devices = view.count(MFADevice, account=user.account, user=user.id)
    return [
        user.name,
        user.arn,
        _time(user.created),
        *_password(view, view.find(LoginProfile, user.id), age),
        _flag(devices > 0),
        *_keys(view, view.list_by(AccessKey, account=user.account, user=user.id)),
        *_certificates(view.list_by(SigningCertificate, user=user.id)),
    ]


def _password(view: Reader, profile: LoginProfile | None, age: int) -> list[str]:
    """Whether there is one, when it was used and changed, and when it ends."""
    if profile is None:
        return ["false", _NONE, _NONE, _NONE]
    ends = _time(profile.changed + age) if age else _NONE
    used = _password_used(view, profile.user)
    return ["true", used, _time(profile.changed), ends]


def _password_used(view: Reader, user: str) -> str:
    """When somebody last signed in with the password of a user, or of root."""
    subject = password_of(user)
    found = view.last_uses([subject]).get(subject)
    return _UNKNOWN if found is None else _time(found.used)


def _keys(view: Reader, keys: Sequence[AccessKey]) -> list[str]:
    """Of two keys: whether it is active, since when, and its last use."""
    cells: list[str] = []
    used = view.last_uses([key.id for key in keys])
    for key in _two(sorted(keys, key=lambda one: (one.created, one.id))):
        if key is None:
            cells += ("false", *[_NONE] * 4)
            continue
        cells += (_flag(key.status == KeyStatus.ACTIVE), _time(key.created))
        last = used.get(key.id)
        if last is None:
            cells += [_NONE] * 3
        else:
            cells += (_time(last.used), last.region, last.service)
    return cells


def _certificates(certificates: Sequence[SigningCertificate]) -> list[str]:
    cells: list[str] = []
    for one in _two(sorted(certificates, key=lambda one: (one.created, one.id))):
        active = one is not None and one.status == KeyStatus.ACTIVE
        cells += (_flag(active), _NONE if one is None else _time(one.created))
    return cells


def _two(found: Sequence[C]) -> list[C | None]:
    """The first two, or None in the place of one that is not there."""
    return [*found, None, None][:2]


def _flag(value: bool) -> str:  # noqa: FBT001 - a cell's whole content
    return "true" if value else "false"


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


OPERATIONS: Operations = {
    "GenerateCredentialReport": SlowChangeOperation(prepare=generate),
    "GetCredentialReport": ReadOperation(run=get_report),
}
