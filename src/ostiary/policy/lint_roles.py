"""MFA and roles: sessions of a role never carry MFA (M31), so ask when it is assumed.

That is the trust policy's business (M21, M30). Anywhere behind it an MFA condition has
the same answer for every session of the role.
"""

from collections.abc import Iterator
from typing import Final

from ostiary.policy.document import Condition, Kind
from ostiary.policy.lint_cover import covers_scope
from ostiary.policy.lint_credentials import (
    LONG_TERM,
    ROLE_SESSION,
    WITHOUT_MFA,
    Credential,
    machine,
    mfa_conditions,
    passes,
    reaches,
    surely_reaches,
)
from ostiary.policy.lint_exam import Clause, Exam
from ostiary.policy.lint_finding import Finding, found
from ostiary.policy.loader import step
from ostiary.policy.pattern import fold

_ASSUME: Final = "sts:assumerole"
_BY_WEB_IDENTITY: Final = "sts:assumerolewithwebidentity"
# Claims that a provider's tokens for one application have in common.
_OF_ALL: Final = frozenset({"aud", "azp", "oaud"})
_REQUIRE: Final = '`"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}`'
# Kinds that bind principals whom they do not choose.
_SWEEPING: Final = frozenset({Kind.SCP, Kind.RCP, Kind.RESOURCE})
# Keys that say who the caller is, or who sent it.
_NARROWING: Final = (
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorg",
    "aws:principalservicename",
    "aws:principaltag/",
    "aws:source",
    "aws:userid",
    "aws:vpce",
    "sts:externalid",
)


def own_policies(exam: Exam) -> Iterator[Finding]:
    """An MFA condition in a policy that only sessions of a role ever meet."""
    if not exam.for_role or exam.kind in (Kind.TRUST, Kind.RESOURCE, Kind.RCP):
        return
    for clause in exam.clauses:
        tested = mfa_conditions(clause)
        if tested:
            failing = [one for one in tested if not passes(one, ROLE_SESSION)]
            condition = (failing or tested)[0]
            yield found(
                "OST106",
                clause.key_spot(condition),
                "found an MFA condition where no session carries MFA, so "
                f"{clause.name} {_effect(clause, holds=not failing)}",
                help="remove it, and ask for MFA in the role's trust policy",
                on_name=True,
            )


def _effect(clause: Clause, *, holds: bool) -> str:
    if clause.is_deny:
        return "denies every session" if holds else "never denies"
    return "allows every session" if holds else "never allows"


def members(exam: Exam) -> Iterator[Finding]:
    """An MFA condition on a principal that never has MFA (M32, M36-M38)."""
    for clause in exam.clauses:
        tested = mfa_conditions(clause)
        element = clause.statement.principal
        if not tested or element is None or element.negated:
            continue
        for pointer, kind, value in clause.members():
            who = machine(kind, value)
            if who is not None:
                yield _member(clause, pointer, value, who, tested)


def _member(
    clause: Clause,
    pointer: str,
    value: str,
    who: Credential,
    tested: list[Condition],
) -> Finding:
    holds = all(passes(one, who) for one in tested)
    what = _effect(clause, holds=holds).replace("every session", "it every time")
    return found(
        "OST107",
        pointer,
        f"found `{value}` in a statement with an MFA condition, but {who.name} never "
        f"carry MFA, so {clause.name} {what}",
        help="give it a statement without the MFA condition, or name users instead"
        if who is not ROLE_SESSION
        else "give the role a statement of its own, and ask for MFA in its trust "
        "policy; or name users, who call `GetSessionToken`",
    )


def sweeps(exam: Exam) -> Iterator[Finding]:
    """A Deny for everybody without MFA, which sessions of roles always are."""
    if exam.kind not in _SWEEPING or exam.for_role:
        return
    for clause in exam.clauses:
        tested = mfa_conditions(clause)
        if not tested or not clause.is_deny or not _names_everybody(clause):
            continue
        if all(passes(one, WITHOUT_MFA) for one in tested) and reaches(
            clause, ROLE_SESSION
        ):
            yield found(
                "OST110",
                clause.key_spot(tested[0]),
                "found a Deny without MFA that hits every session of every role, "
                "since none carries MFA",
                help='if roles are to pass, add `"StringNotEquals": '
                '{"aws:PrincipalType": "AssumedRole"}`',
                on_name=True,
            )


def _names_everybody(clause: Clause) -> bool:
    element = clause.statement.principal
    if element is None or element.negated:
        return True
    return any(
        machine(kind, value) is None and ":user/" not in value
        for _, kind, value in clause.members()
    )


# --- trust policies -----------------------------------------------------------------


def trust(exam: Exam) -> Iterator[Finding]:
    """Trust in everybody, or in people without MFA."""
    if exam.kind is not Kind.TRUST:
        return
    for clause in exam.clauses:
        if clause.is_deny:
            continue
        if _is_open(clause):
            yield found(
                "OST112",
                step(clause.pointer, "Principal"),
                "found `*` as the principal of a trust policy without a condition on "
                "who it is, so every AWS account may assume the role",
                help="name the accounts, or add a condition on `aws:PrincipalOrgID`",
                on_name=True,
            )
        elif clause.compiled.action(_ASSUME) and _people(clause):
            yield from _without_mfa(exam, clause)
        if clause.compiled.action(_BY_WEB_IDENTITY):
            yield from _any_subject(clause)


def _is_open(clause: Clause) -> bool:
    everybody = any(value == "*" for _, _, value in clause.members())
    keys = [fold(one.key) for one in clause.statement.conditions]
    return everybody and not any(key.startswith(_NARROWING) for key in keys)


def _people(clause: Clause) -> list[str]:
    return [
        value for _, kind, value in clause.members() if machine(kind, value) is None
    ]


def _without_mfa(exam: Exam, clause: Clause) -> Iterator[Finding]:
    keys = {fold(one.key) for one in clause.statement.conditions}
    # An external id is for the machines of somebody else, who have no token codes.
    if mfa_conditions(clause) or "sts:externalid" in keys:
        return
    open_to = [
        who
        for who in (LONG_TERM, WITHOUT_MFA)
        if reaches(clause, who) and not _is_denied(exam, clause, who)
    ]
    if open_to:
        names = " and ".join(f"`{one}`" for one in _people(clause))
        yield found(
            "OST111",
            step(clause.pointer, "Principal"),
            f"found no MFA condition on {names}, who may assume the role with "
            f"{' or '.join(one.name for one in open_to)}",
            help=f"add {_REQUIRE}",
            on_name=True,
        )


def _any_subject(clause: Clause) -> Iterator[Finding]:
    """Trust in all that a provider of web identities signs, whoever it is about."""
    keys = [fold(one.key) for one in clause.statement.conditions]
    for pointer, kind, value in clause.members():
        host = value.rpartition(":oidc-provider/")[2]
        claims = {
            key.removeprefix(f"{fold(host)}:")
            for key in keys
            if key.startswith(f"{fold(host)}:")
        }
        is_web = kind == "Federated" and ":saml-provider/" not in value
        if is_web and claims <= _OF_ALL:
            yield found(
                "OST114",
                pointer,
                f"found `{value}` without a condition on whom it speaks of, so every "
                "token that it issues may assume the role",
                help=f'add a condition such as `"StringEquals": {{"{host}:sub": "…"}}`',
            )


def _is_denied(exam: Exam, clause: Clause, who: Credential) -> bool:
    return any(
        other.is_deny
        and surely_reaches(other, who)
        and covers_scope(other, clause, exam.kind)
        for other in exam.clauses
    )
