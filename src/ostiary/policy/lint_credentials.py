"""Which credentials a condition lets through, found by trying them.

The rows are those of the decision matrix (facts 2): what stands behind a request, and
which MFA keys it has then. Each is put through the compiled tests of a statement, so
lint and the door cannot have two opinions.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ostiary.policy.change import MFA_AGE, MFA_PRESENT
from ostiary.policy.document import Condition
from ostiary.policy.lint_exam import Clause
from ostiary.policy.operators import Test, bind_condition
from ostiary.policy.pattern import UNKNOWN, Values, fold

PRESENT: Final = fold(MFA_PRESENT)
AGE: Final = fold(MFA_AGE)
MFA_KEYS: Final = frozenset({PRESENT, AGE})

_ISSUED: Final = "aws:tokenissuetime"
_TYPE: Final = "aws:principaltype"
_USERNAME: Final = "aws:username"
_IS_SERVICE: Final = "aws:principalisawsservice"
# Keys of which each row says whether it has them, and what a row says of them.
_KNOWN: Final = MFA_KEYS | {_ISSUED, _TYPE, _USERNAME, _IS_SERVICE}
# Keys that single out principals in ways that no row can answer.
_PERSONAL: Final = ("aws:principal", "aws:userid", "aws:calledvia", "aws:viaawsservice")

# A session of GetSessionToken lives 36 hours at most.
_OLDEST: Final = 36 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A row of the matrix: its name in messages, and the context that it brings."""

    name: str
    values: Values


def _row(name: str, who: str, **values: str | tuple[str, ...]) -> Credential:
    spelt = {f"aws:{key}": value for key, value in values.items()}
    return Credential(name=name, values={_TYPE: who, _IS_SERVICE: "false", **spelt})


LONG_TERM: Final = _row("long-term access keys", "User", username=UNKNOWN)
WITHOUT_MFA: Final = _row(
    "sessions without MFA",
    "User",
    username=UNKNOWN,
    tokenissuetime=UNKNOWN,
    multifactorauthpresent="false",
)
ROLE_SESSION: Final = _row(
    "sessions of a role",
    "AssumedRole",
    tokenissuetime=UNKNOWN,
    multifactorauthpresent="false",
)
FEDERATED_USER: Final = _row("federated users", "FederatedUser", tokenissuetime=UNKNOWN)
PROVIDER: Final = _row("federated identities", "AssumedRole")
SERVICE: Final = Credential(name="services", values={_IS_SERVICE: "true"})


def with_mfa(age: int) -> Credential:
    """A session, or a call with a token code, that many seconds after the code."""
    return Credential(
        name="sessions with MFA",
        values={**WITHOUT_MFA.values, PRESENT: "true", AGE: str(age)},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Who passes the MFA conditions of a statement.

    Attributes:
        long_term: long-term access keys do, which have no MFA keys at all
        without: sessions without MFA do
        fresh: sessions do right after their token code
        old: sessions do whose token code is 36 hours old
        ever: sessions with MFA do at some age
    """

    long_term: bool
    without: bool
    fresh: bool
    old: bool
    ever: bool

    @property
    def requires(self) -> bool:
        """True for conditions that are met with MFA and never without."""
        return self.fresh and not self.long_term and not self.without

    @property
    def excludes(self) -> bool:
        """True for conditions that are met without MFA and never right after a code."""
        return self.long_term and self.without and not self.fresh


def mfa_conditions(clause: Clause) -> list[Condition]:
    """The conditions of a statement on the MFA keys; without those that vary.

    What a condition with a variable wants, only a request can tell.
    """
    return [
        one
        for one in clause.statement.conditions
        if fold(one.key) in MFA_KEYS and not any("${" in text for text in one.values)
    ]


def passes(condition: Condition, credential: Credential) -> bool:
    """Whether a condition on an MFA key holds with this credential."""
    return bind_condition(condition, variables=False)(credential.values) is True


def profile(conditions: Iterable[Condition]) -> Profile:
    """Who passes all of these MFA conditions."""
    tested = list(conditions)
    tests = [bind_condition(one, variables=False) for one in tested]
    ages = [_all(tests, with_mfa(age)) for age in _ages(tested)]
    return Profile(
        long_term=_all(tests, LONG_TERM),
        without=_all(tests, WITHOUT_MFA),
        fresh=ages[0],
        old=ages[-1],
        ever=any(ages),
    )


def repaired(clause: Clause, condition: Condition, operator: str) -> Profile:
    """Who would pass if `condition` were written with another operator."""
    return profile(
        replace(one, operator=operator) if one is condition else one
        for one in mfa_conditions(clause)
    )


def _all(tests: Iterable[Test], credential: Credential) -> bool:
    return all(test(credential.values) is True for test in tests)


def _ages(conditions: Iterable[Condition]) -> list[int]:
    """Ages at which an answer may change, the youngest first, the oldest last."""
    ages = {0, _OLDEST}
    for condition in conditions:
        for value in condition.values:
            whole = value.partition(".")[0]
            if whole.isascii() and whole.isdigit():
                ages |= {max(int(whole) + step, 0) for step in (-1, 0, 1)}
    return sorted(one for one in ages if one <= _OLDEST)


def reaches(clause: Clause, credential: Credential) -> bool | None:
    """Whether a statement may apply to this credential; None: nobody can say.

    Conditions on keys that the matrix does not speak of are taken to hold, unless they
    single out principals.
    """
    answer: bool | None = True
    for key, test in _tests(clause):
        if key in _KNOWN:
            given = test(credential.values)
            if given is False:
                return False
            answer = None if given is None else answer
        elif key.startswith(_PERSONAL):
            answer = None
    return answer


def is_kept_out(clause: Clause, credential: Credential) -> bool:
    """Whether a condition about something else than MFA excludes this credential."""
    return any(
        key in _KNOWN - MFA_KEYS and test(credential.values) is False
        for key, test in _tests(clause)
    )


def surely_reaches(clause: Clause, credential: Credential) -> bool:
    """Whether no condition of a statement can keep it from this credential."""
    return all(
        key in _KNOWN and test(credential.values) is True
        for key, test in _tests(clause)
    )


def _tests(clause: Clause) -> Iterator[tuple[str, Test]]:
    for condition, test in zip(
        clause.statement.conditions, clause.compiled.tests, strict=True
    ):
        yield fold(condition.key), test


_BY_TYPE: Final[Mapping[str, Credential]] = {"Service": SERVICE, "Federated": PROVIDER}


def machine(kind: str, value: str) -> Credential | None:
    """The credential of a principal that can never have MFA; None for others."""
    if kind != "AWS":
        return _BY_TYPE.get(kind)
    if ":role/" in value or ":assumed-role/" in value or value.startswith("AROA"):
        return ROLE_SESSION
    return FEDERATED_USER if ":federated-user/" in value else None
