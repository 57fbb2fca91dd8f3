"""Whom a `Principal` or `NotPrincipal` element means (facts 3.4, 6.2)."""

import enum
from collections.abc import Callable
from typing import Final, TypeAlias

from ostiary.policy.arn import split
from ostiary.policy.document import PrincipalElement
from ostiary.policy.request import OUTSIDERS, Principal, PrincipalKind


class Form(enum.IntEnum):
    """How closely a resource policy names the principal it allows.

    The closer, the fewer implicit denies of other kinds of policy bind (facts 6.2):
    the account, which delegates to its own policies; the role or the user behind a
    session; the principal itself, or everybody.
    """

    ACCOUNT = 1
    BEHIND = 2
    DIRECT = 3


# The flag says whether the principal has a permissions boundary.
PrincipalTest: TypeAlias = Callable[[Principal, bool], Form | None]

_ACCOUNT_DIGITS: Final = 12
_TYPES: Final = {
    PrincipalKind.SERVICE: "Service",
    PrincipalKind.IDENTITY_PROVIDER: "Federated",
}


def bind_principal(element: PrincipalElement, *, deny: bool) -> PrincipalTest:
    """The test that says how an element means a principal, if it does."""
    names = _Names(element)
    if not element.negated:
        return names.quick_form()
    return names.not_exempt if deny else names.not_listed


def account_named(value: str) -> str:
    """The account that `value` names as a whole (twelve digits or root), or ``""``."""
    if len(value) == _ACCOUNT_DIGITS and value.isascii() and value.isdigit():
        return value
    parts = split(value)
    is_root = parts is not None and parts[2] == "iam" and parts[5] == "root"
    return parts[4] if parts and is_root else ""


_DIRECT: Final = Form.DIRECT
_ACCOUNT: Final = Form.ACCOUNT
_ROOT: Final = PrincipalKind.ROOT


class _Names:
    """The members of an element, sorted by what they name."""

    __slots__ = ("accounts", "canonical", "everybody", "names", "outsiders")

    def __init__(self, element: PrincipalElement) -> None:
        aws = [value for kind, value in element.members if kind == "AWS"]
        self.everybody = "*" in aws
        self.accounts = frozenset(map(account_named, aws)) - {""}
        self.names = frozenset(value for value in aws if not account_named(value))
        self.canonical = frozenset(
            value for kind, value in element.members if kind == "CanonicalUser"
        )
        self.outsiders = frozenset(element.members)

    def quick_form(self) -> PrincipalTest:
        """`form_of`, or what it comes to for everybody and for accounts alone."""
        accounts, everybody = self.accounts, self.everybody
        if not everybody and (self.names or len(accounts) < len(self.outsiders)):
            return self.form_of

        def form(principal: Principal, _bounded: bool) -> Form | None:  # noqa: FBT001 - see PrincipalTest
            if everybody:
                return _DIRECT
            if principal.account not in accounts or principal.kind in OUTSIDERS:
                return None
            return _DIRECT if principal.kind is _ROOT else _ACCOUNT

        return form

    def form_of(self, principal: Principal, _bounded: bool) -> Form | None:  # noqa: FBT001 - see PrincipalTest
        """How the element names the principal; the closest form counts."""
        if self.everybody:
            return Form.DIRECT
        if principal.kind in OUTSIDERS:
            return Form.DIRECT if self._has_outsider(principal) else None
        if self.names:
            form = self._form_by_name(principal)
            if form is not None:
                return form
        if principal.account in self.accounts or (
            self.canonical and not self.canonical.isdisjoint(principal.unique_ids)
        ):
            is_root = principal.kind is PrincipalKind.ROOT
            return Form.DIRECT if is_root else Form.ACCOUNT
        return None

    def _has_outsider(self, principal: Principal) -> bool:
        kind = _TYPES.get(principal.kind)
        return kind is not None and (kind, principal.arn) in self.outsiders

    def _form_by_name(self, principal: Principal) -> Form | None:
        names = self.names
        if principal.arn in names and principal.arn != principal.role_arn:
            return Form.DIRECT
        behind = principal.role_arn in names or principal.issuer in names
        for unique_id in principal.unique_ids:
            if unique_id in names:
                # `AROA...` is the role, `AROA...:session` is the session itself.
                if principal.kind is PrincipalKind.USER or ":" in unique_id:
                    return Form.DIRECT
                behind = True
        return Form.BEHIND if behind else None

    def not_listed(self, principal: Principal, _bounded: bool) -> Form | None:  # noqa: FBT001 - see PrincipalTest
        """`NotPrincipal` with Allow: any mention of the principal leaves it out."""
        return Form.DIRECT if self.form_of(principal, _bounded) is None else None

    def not_exempt(self, principal: Principal, bounded: bool) -> Form | None:  # noqa: FBT001 - see PrincipalTest
        """`NotPrincipal` with Deny: everybody but those who are named in full.

        In full means the account too, and for a role session the role and the session.
        A principal with a permissions boundary is never exempt.
        """
        return None if not bounded and self._is_exempt(principal) else Form.DIRECT

    def _is_exempt(self, principal: Principal) -> bool:
        if self.everybody:
            return True
        if principal.kind in OUTSIDERS:
            return self._has_outsider(principal)
        if principal.account not in self.accounts:
            return False
        if principal.kind is PrincipalKind.ROLE_SESSION:
            return self._has_role(principal) and self._has_session(principal)
        is_root = principal.kind is PrincipalKind.ROOT
        return is_root or self._form_by_name(principal) is Form.DIRECT

    def _has_role(self, principal: Principal) -> bool:
        ids = (one for one in principal.unique_ids if ":" not in one)
        return principal.role_arn in self.names or not self.names.isdisjoint(ids)

    def _has_session(self, principal: Principal) -> bool:
        ids = (one for one in principal.unique_ids if ":" in one)
        return principal.arn in self.names or not self.names.isdisjoint(ids)
