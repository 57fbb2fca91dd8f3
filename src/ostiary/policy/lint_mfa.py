"""The pitfalls of MFA conditions (facts 2): who is let in, who is missed.

For each statement the rows of the credential matrix are tried. An Allow should apply
with MFA only; a Deny should apply to everybody without it, and long-term access keys,
which have no MFA keys at all, are everybody too (M15).
"""

from collections.abc import Iterator
from typing import Final

from ostiary.policy.document import Condition, Kind
from ostiary.policy.lint_cover import covers_scope
from ostiary.policy.lint_credentials import (
    LONG_TERM,
    PRESENT,
    WITHOUT_MFA,
    Credential,
    Profile,
    is_kept_out,
    machine,
    mfa_conditions,
    passes,
    profile,
    repaired,
    surely_reaches,
)
from ostiary.policy.lint_exam import Clause, Exam
from ostiary.policy.lint_finding import Finding, found
from ostiary.policy.operators import find_operator
from ostiary.policy.pattern import fold

_REQUIRE: Final = '`"Bool": {"aws:MultiFactorAuthPresent": "true"}`'
_LATE: Final = "only some time after their token code"
_EXCLUDE: Final = '`"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}`'
_UNCONTROLLED: Final = "sts:getsessiontoken"


def pitfalls(exam: Exam) -> Iterator[Finding]:
    """MFA conditions that do not do what they look like."""
    if exam.for_role:
        return
    for clause in exam.clauses:
        tested = mfa_conditions(clause)
        if not tested or not _has_people(clause) or _is_about_session_tokens(clause):
            continue
        who = profile(tested)
        if not (who.long_term or who.without or who.ever):
            yield _never(clause, tested[0])
        elif clause.is_deny:
            yield from _denies(exam, clause, who)
        else:
            yield from _allows(clause, who)


def _has_people(clause: Clause) -> bool:
    """Whether a principal of the statement can have MFA at all."""
    return clause.statement.principal is None or any(
        machine(kind, value) is None for _, kind, value in clause.members()
    )


def _never(clause: Clause, condition: Condition) -> Finding:
    return found(
        "OST109",
        clause.key_spot(condition),
        f"found MFA conditions that no credential meets, so {clause.name} never "
        "applies",
        help="with MFA the key `aws:MultiFactorAuthPresent` is `true`, without it "
        "`false`, and long-term access keys have no such key",
        on_name=True,
    )


def _backwards(clause: Clause, condition: Condition, whom: str) -> Finding:
    effect, instead = ("Deny", _EXCLUDE) if clause.is_deny else ("Allow", _REQUIRE)
    return found(
        "OST108",
        clause.key_spot(condition),
        f"found a condition that makes the {effect} apply to callers {whom}",
        help=f"write {instead}",
        on_name=True,
    )


def _allows(clause: Clause, who: Profile) -> Iterator[Finding]:
    """An Allow that callers without MFA pass, or nobody who comes with it at once."""
    let_in = [
        credential
        for credential, passes_mfa in _without(who)
        if passes_mfa and not is_kept_out(clause, credential)
    ]
    if not who.ever:
        yield _backwards(clause, mfa_conditions(clause)[0], "without MFA")
    elif let_in:
        yield _admits(clause, let_in)
    elif not who.fresh:
        yield _backwards(clause, mfa_conditions(clause)[0], _LATE)


def _without(who: Profile) -> tuple[tuple[Credential, bool], ...]:
    """The credentials without MFA, and whether each passes."""
    return (LONG_TERM, who.long_term), (WITHOUT_MFA, who.without)


def _admits(clause: Clause, let_in: list[Credential]) -> Finding:
    names = " and ".join(one.name for one in let_in)
    condition = _blamed(clause, let_in[0], holds=True)
    operator = condition.operator
    plain = operator.removesuffix("IfExists")
    mends = plain != operator and repaired(clause, condition, plain).requires
    return found(
        "OST103" if operator == "Null" else "OST101",
        clause.operator_spot(condition),
        f"found `{operator}` on `{condition.key}` in an Allow, which admits {names}",
        help=f"write `{plain}`: it fails when the key is absent"
        if mends
        else f"write {_REQUIRE}",
        on_name=True,
        replacement=_renamed(clause, condition, plain) if mends else None,
    )


def _renamed(clause: Clause, condition: Condition, operator: str) -> str | None:
    return operator if clause.may_rename(condition, operator) else None


# --- Deny ---------------------------------------------------------------------------


def _denies(exam: Exam, clause: Clause, who: Profile) -> Iterator[Finding]:
    """A Deny that misses callers without MFA, or hits those with it."""
    missed = [
        credential
        for credential, is_hit in _without(who)
        if not is_hit
        and not is_kept_out(clause, credential)
        and not _is_denied_elsewhere(exam, clause, credential)
    ]
    if who.fresh:
        yield _hits_mfa(clause)
    elif missed:
        yield _misses(clause, who, missed)


def _hits_mfa(clause: Clause) -> Finding:
    tested = mfa_conditions(clause)
    nulls = [one for one in tested if one.operator == "Null"]
    if not nulls:
        return _backwards(clause, tested[0], "with MFA")
    return found(
        "OST103",
        clause.operator_spot(nulls[0]),
        f"found `Null` on `{nulls[0].key}` in a Deny, which hits sessions with MFA",
        help=f"write {_EXCLUDE}",
        on_name=True,
    )


def _misses(clause: Clause, who: Profile, missed: list[Credential]) -> Finding:
    condition = _blamed(clause, missed[0], holds=False)
    operator = condition.operator
    safer = f"{operator}IfExists"
    mends = (
        find_operator(safer) is not None and repaired(clause, condition, safer).excludes
    )
    names = " and ".join(one.name for one in missed)
    code = "OST102"
    if operator == "Null":
        code = "OST103"
    elif who.old or fold(condition.key) != PRESENT:
        code = "OST105"
    return found(
        code,
        clause.operator_spot(condition),
        f"found `{operator}` on `{condition.key}` in a Deny, which misses {names}",
        help=f"write `{safer}`: it holds when the key is absent"
        if mends
        else f"write {_EXCLUDE}",
        on_name=True,
        replacement=_renamed(clause, condition, safer) if mends else None,
    )


def _blamed(clause: Clause, credential: Credential, *, holds: bool) -> Condition:
    """The condition that lets a credential through, or keeps it out."""
    tested = [one for one in mfa_conditions(clause) if passes(one, credential) is holds]
    lenient = [one for one in tested if one.operator.endswith("IfExists")]
    return (lenient or tested)[0]


def _is_denied_elsewhere(exam: Exam, clause: Clause, credential: Credential) -> bool:
    """Whether another Deny about at least the same is sure to hit the credential."""
    return any(
        other is not clause
        and other.is_deny
        and surely_reaches(other, credential)
        and covers_scope(other, clause, exam.kind)
        for other in exam.clauses
    )


# --- actions with rules of their own ------------------------------------------------

_ACCOUNT: Final = "arn:aws:iam::111122223333"
# Without these nobody gets a first device; what each of them is decided on.
_ENROLMENT: Final = {
    "iam:CreateVirtualMFADevice": f"{_ACCOUNT}:mfa/somebody",
    "iam:EnableMFADevice": f"{_ACCOUNT}:user/somebody",
}
_SOMEBODY: Final = {"aws:username": "somebody"}
_PERSONAL_KINDS: Final = frozenset({Kind.IDENTITY, Kind.BOUNDARY, Kind.SCP})


def lockouts(exam: Exam) -> Iterator[Finding]:
    """A Deny without MFA that also forbids to get the first MFA device."""
    if exam.for_role or exam.kind not in _PERSONAL_KINDS:
        return
    for clause in exam.clauses:
        tested = mfa_conditions(clause)
        if not clause.is_deny or not tested or not profile(tested).excludes:
            continue
        forbidden = [
            action
            for action, resource in _ENROLMENT.items()
            if _sweeps_in(clause, action, resource)
        ]
        if forbidden:
            yield _lockout(clause, forbidden)


def _sweeps_in(clause: Clause, action: str, resource: str) -> bool:
    """Whether a statement forbids an action without having named it."""
    compiled = clause.compiled
    is_named = fold(action) in map(fold, clause.statement.actions)
    covers = compiled.resource is None or compiled.resource(resource, _SOMEBODY) is True
    return compiled.action(fold(action)) and not is_named and covers


def _lockout(clause: Clause, forbidden: list[str]) -> Finding:
    names = " and ".join(f"`{one}`" for one in forbidden)
    element = "NotAction" if clause.statement.not_action else "Action"
    literal = ", ".join(f'"{one}"' for one in forbidden)
    return found(
        "OST104",
        f"{clause.pointer}/{element}",
        f"found {names} denied without MFA, so nobody can enrol a first MFA device",
        help=f"add {literal} to `NotAction`"
        if clause.statement.not_action
        else f'deny all but enrolment: `"NotAction": [{literal}]`',
        on_name=True,
    )


def session_tokens(exam: Exam) -> Iterator[Finding]:
    """Policies do not control `GetSessionToken` (M26)."""
    for clause in exam.clauses:
        if clause.statement.not_action:
            continue
        is_about_mfa = bool(mfa_conditions(clause))
        if not is_about_mfa and not clause.is_deny:
            continue
        what = "an MFA condition on" if is_about_mfa else "a Deny of"
        for pointer, text in clause.actions():
            if fold(text) == _UNCONTROLLED:
                yield found(
                    "OST113",
                    pointer,
                    f"found {what} `{text}`, which no policy controls",
                    help="remove it; ask for MFA where the session is used",
                )


def _is_about_session_tokens(clause: Clause) -> bool:
    """Whether a statement is about nothing else, so that its conditions are idle."""
    actions = {fold(one) for one in clause.statement.actions}
    return actions == {_UNCONTROLLED} and not clause.statement.not_action
