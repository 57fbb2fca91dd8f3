"""Lint and MFA: the tables and scenarios of the guide's chapter."""

import json
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.cli.lint_data import AWSCatalogue
from ostiary.policy import Kind, PolicySet, decide
from ostiary.policy.lint import lint
from ostiary.policy.lint_finding import Finding
from tests.unit.policy.asking import ACCOUNT, Tree, asks, policy, text

PRESENT = "aws:MultiFactorAuthPresent"
AGE = "aws:MultiFactorAuthAge"
TERMINATE = {"Action": "ec2:TerminateInstances", "Resource": "*"}
WITHOUT = {"BoolIfExists": {PRESENT: "false"}}
WITH = {"Bool": {PRESENT: "true"}}


@cache
def catalogue() -> AWSCatalogue:
    """AWS's lists, read once."""
    return AWSCatalogue()


def lints(
    *statements: Tree, kind: Kind = Kind.IDENTITY, for_role: bool = False
) -> list[Finding]:
    """The findings about a policy of these statements."""
    return lint(text(*statements), kind=kind, catalogue=catalogue(), for_role=for_role)


def codes(*statements: Tree, kind: Kind = Kind.IDENTITY) -> list[str]:
    """The codes of the findings."""
    return [one.rule.code for one in lints(*statements, kind=kind)]


def terminates(effect: str, operator: str, key: str, value: object) -> Tree:
    """A statement about terminating instances under one condition."""
    return {"Effect": effect, **TERMINATE, "Condition": {operator: {key: value}}}


@pytest.mark.rule("M14", "M15", "M16", "M17")
@pytest.mark.threat("T79")
@pytest.mark.parametrize(
    ("effect", "operator", "key", "value", "code"),
    [
        ("Allow", "Bool", PRESENT, "true", ""),
        ("Allow", "BoolIfExists", PRESENT, "true", "OST101"),
        ("Deny", "Bool", PRESENT, "false", "OST102"),
        ("Deny", "BoolIfExists", PRESENT, "false", ""),
        ("Allow", "Null", PRESENT, "false", "OST103"),
        ("Deny", "Null", PRESENT, "true", "OST103"),
        ("Allow", "NumericLessThan", AGE, "3600", ""),
        ("Deny", "NumericGreaterThan", AGE, "3600", "OST105"),
        ("Deny", "NumericGreaterThanIfExists", AGE, "3600", ""),
        ("Allow", "Null", AGE, "false", ""),
        # Beyond the table.
        ("Deny", "Null", AGE, "true", ""),
        ("Deny", "Null", PRESENT, "false", "OST103"),
        ("Allow", "Null", PRESENT, "true", "OST108"),
        ("Allow", "Bool", PRESENT, "false", "OST108"),
        ("Allow", "BoolIfExists", PRESENT, "false", "OST108"),
        ("Deny", "Bool", PRESENT, "true", "OST108"),
        ("Deny", "NumericLessThan", AGE, "3600", "OST108"),
        ("Allow", "NumericGreaterThan", AGE, "3600", "OST108"),
        ("Allow", "NumericLessThanIfExists", AGE, "3600", "OST101"),
        ("Allow", "NumericNotEquals", AGE, "7", "OST101"),
        ("Allow", "Bool", PRESENT, ["true", "false"], "OST101"),
        ("Allow", "NumericLessThan", AGE, "0", "OST109"),
        ("Deny", "NumericGreaterThan", AGE, "129600", "OST109"),
        ("Allow", "Bool", PRESENT, "${aws:PrincipalTag/mfa}", ""),
    ],
)
def test_the_truth_table(
    effect: str, operator: str, key: str, value: object, code: str
) -> None:
    """Facts 2: each right form is clean, each wrong one has its finding."""
    found = codes(terminates(effect, operator, key, value))

    assert found == ([code] if code else [])


@pytest.mark.rule("M15")
@pytest.mark.parametrize(
    ("statement", "replacement"),
    [
        (terminates("Allow", "BoolIfExists", PRESENT, "true"), "Bool"),
        (terminates("Deny", "Bool", PRESENT, "false"), "BoolIfExists"),
        (
            terminates("Deny", "NumericGreaterThan", AGE, "3600"),
            "NumericGreaterThanIfExists",
        ),
        (
            terminates("Allow", "NumericLessThanIfExists", AGE, "3600"),
            "NumericLessThan",
        ),
        (terminates("Allow", "Null", PRESENT, "false"), None),
    ],
)
def test_a_replacement_mends(statement: Tree, replacement: str | None) -> None:
    """Where lint gives a literal fix, the fixed policy is clean."""
    finding = lints(statement)[0]
    assert finding.replacement == replacement
    if replacement is None:
        return
    (operator,) = statement["Condition"]
    mended = {**statement, "Condition": {replacement: statement["Condition"][operator]}}

    assert codes(mended) == []


def test_no_replacement_that_would_make_two_operators_one() -> None:
    """Renaming an operator beside one of that name would repeat a key of the object."""
    statement = {
        "Effect": "Allow",
        **TERMINATE,
        "Condition": {
            "BoolIfExists": {PRESENT: "true"},
            "Bool": {"aws:SecureTransport": "true"},
        },
    }
    finding = lints(statement)[0]

    assert finding.rule.code == "OST101"
    assert finding.help == "write `Bool`: it fails when the key is absent"
    assert finding.replacement is None


@pytest.mark.rule("M15", "M17")
def test_two_statements_may_share_the_work() -> None:
    """A Deny of long-term keys beside a Deny of sessions without MFA misses nobody."""
    sessions = terminates("Deny", "Bool", PRESENT, "false")
    keys = terminates("Deny", "Null", PRESENT, "true")

    assert codes(sessions, keys) == []
    assert codes(sessions, {**keys, "Action": "ec2:StopInstances"}) == [
        "OST102",
        "OST103",
    ]


@pytest.mark.rule("M15")
@pytest.mark.parametrize(
    ("statement", "more"),
    [
        (
            terminates("Deny", "Bool", PRESENT, "false"),
            {"Null": {"aws:TokenIssueTime": "false"}},
        ),
        (
            terminates("Allow", "BoolIfExists", PRESENT, "true"),
            {"StringNotEquals": {"aws:PrincipalType": "User"}},
        ),
    ],
)
def test_who_is_kept_out_otherwise_is_not_missed(statement: Tree, more: Tree) -> None:
    """A second condition may say that long-term access keys are not meant."""
    condition = {**statement["Condition"], **more}

    assert codes({**statement, "Condition": condition}) == []
    assert codes(statement) != []


@pytest.mark.rule("M15")
def test_a_guard_makes_if_exists_right() -> None:
    """`BoolIfExists` beside `Null` for the same key admits nobody without MFA."""
    condition = {"BoolIfExists": {PRESENT: "true"}, "Null": {PRESENT: "false"}}

    assert codes({"Effect": "Allow", **TERMINATE, "Condition": condition}) == []


# --- the chapter --------------------------------------------------------------------

TABLE = "arn:aws:dynamodb:*:{}:table/Books"


def books(account: str, listing: str) -> tuple[Tree, Tree]:
    """What the role of scenario 1 may do."""
    return (
        {
            "Sid": "TableActions",
            "Effect": "Allow",
            "Action": "dynamodb:*",
            "Resource": TABLE.format(account),
        },
        {"Sid": "ListTable", "Effect": "Allow", "Action": listing, "Resource": "*"},
    )


def trusts(account: str) -> Tree:
    """The trust policy of scenario 1."""
    return {
        "Effect": "Allow",
        "Principal": {"AWS": account},
        "Action": "sts:AssumeRole",
        "Condition": WITH,
    }


def assumes(account: str) -> Tree:
    """Richard's own policy."""
    return {
        "Effect": "Allow",
        "Action": ["sts:AssumeRole"],
        "Resource": [f"arn:aws:iam::{account}:role/CrossAccountRole"],
    }


def bucket(*accounts: str) -> Tree:
    """The bucket policy of scenario 3."""
    return {
        "Effect": "Allow",
        "Principal": {"AWS": list(accounts)},
        "Action": ["s3:PutObject", "s3:DeleteObject"],
        "Resource": ["arn:aws:s3:::account-a-bucket-name/*"],
        "Condition": WITH,
    }


GROUP: Tree = {
    "Effect": "Allow",
    "Action": ["ec2:StopInstances", "ec2:TerminateInstances"],
    "Resource": ["*"],
    "Condition": WITH,
}
B, C = "222222222222", "333333333333"


@pytest.mark.rule("M18", "M44", "M47", "M51", "M55")
def test_the_policies_of_the_chapter_are_clean() -> None:
    """The corrected form of every policy of the chapter gives no finding."""
    assert codes(trusts(B), kind=Kind.TRUST) == []
    assert lints(*books(ACCOUNT, "dynamodb:ListTables"), for_role=True) == []
    assert codes(assumes(ACCOUNT)) == []
    assert codes(GROUP) == []
    assert codes(bucket(ACCOUNT, B, C), kind=Kind.RESOURCE) == []


@pytest.mark.rule("M50")
def test_the_literal_policies_of_the_chapter_are_not() -> None:
    """The misspelt action and the blanks are found, each where it stands."""
    found = lints(*books("ACCOUNT-B-ID", "dynamodb:ListTable"))
    assert [(one.rule.code, one.pointer) for one in found] == [
        ("OST201", "/Statement/1/Action"),
        ("OST216", "/Statement/0/Resource"),
    ]
    assert found[0].replacement == "dynamodb:ListTables"
    assert codes(assumes("ACCOUNT-A-ID")) == ["OST216"]
    assert codes(trusts("ACCOUNT-B-ID"), kind=Kind.TRUST) == ["OST002"]
    blanks = bucket("ACCOUNT-A-ID", "ACCOUNT-B-ID", "ACCOUNT-C-ID")
    assert codes(blanks, kind=Kind.RESOURCE) == ["OST002"] * 3


@pytest.mark.rule("M26")
def test_the_self_service_policy_of_the_guide_is_clean() -> None:
    """Facts 2: all but enrolment denied without MFA; `GetSessionToken` may be named."""
    exempt = [
        "iam:CreateVirtualMFADevice",
        "iam:EnableMFADevice",
        "iam:GetUser",
        "iam:ListMFADevices",
        "iam:ListVirtualMFADevices",
        "iam:ResyncMFADevice",
        "sts:GetSessionToken",
    ]
    statement = {
        "Effect": "Deny",
        "NotAction": exempt,
        "Resource": "*",
        "Condition": WITHOUT,
    }

    assert codes(statement) == []
    for action in exempt[:2]:
        left = [one for one in exempt if one != action]
        finding = lints({**statement, "NotAction": left})[0]
        assert finding.rule.code == "OST104"
        assert finding.help == f'add "{action}" to `NotAction`'


# --- roles --------------------------------------------------------------------------


@pytest.mark.rule("M31")
@pytest.mark.parametrize(
    ("effect", "operator", "value", "effectively"),
    [
        ("Allow", "Bool", "true", "never allows"),
        ("Allow", "BoolIfExists", "true", "never allows"),
        ("Allow", "Bool", "false", "allows every session"),
        ("Deny", "BoolIfExists", "false", "denies every session"),
        ("Deny", "Bool", "true", "never denies"),
    ],
)
def test_in_a_roles_own_policy_the_answer_is_always_the_same(
    effect: str, operator: str, value: str, effectively: str
) -> None:
    """Sessions of a role have the key, and it is `false`."""
    statement = terminates(effect, operator, PRESENT, value)
    (finding,) = lints(statement, for_role=True)

    assert finding.rule.code == "OST106"
    assert finding.message.endswith(f"so statement 0 {effectively}")
    assert [one.rule.code for one in lints(statement, kind=Kind.SESSION)] == ["OST106"]


@pytest.mark.rule("M32", "M36", "M37", "M38", "M39")
@pytest.mark.parametrize(
    ("principal", "who"),
    [
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/Ops"}, "sessions of a role"),
        (
            {"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/Ops/x"},
            "sessions of a role",
        ),
        ({"AWS": "AROAEXAMPLEEXAMPLE01"}, "sessions of a role"),
        ({"AWS": f"arn:aws:sts::{ACCOUNT}:federated-user/x"}, "federated users"),
        ({"Service": "ec2.amazonaws.com"}, "services"),
        (
            {"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/x"},
            "federated identities",
        ),
    ],
)
def test_who_never_has_mfa(principal: Tree, who: str) -> None:
    """A resource policy that asks them for MFA never allows them."""
    statement = {**bucket(), "Principal": principal}
    (finding,) = lints(statement, kind=Kind.RESOURCE)

    assert finding.rule.code == "OST107"
    assert f"{who} never carry MFA, so statement 0 never allows" in finding.message


@pytest.mark.rule("M32")
def test_only_the_role_among_users_is_reported() -> None:
    """Users named beside the role are right there."""
    users = [f"arn:aws:iam::{ACCOUNT}:user/x", f"arn:aws:iam::{ACCOUNT}:role/Ops"]
    (finding,) = lints(bucket(*users), kind=Kind.RESOURCE)

    assert finding.pointer == "/Statement/0/Principal/AWS/1"


@pytest.mark.rule("M31")
@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({}, ["OST110"]),
        ({"StringEquals": {"aws:PrincipalType": "User"}}, []),
        ({"StringNotEquals": {"aws:PrincipalType": "AssumedRole"}}, []),
        ({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}, []),
        ({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, ["OST110"]),
    ],
)
def test_a_sweeping_deny_hits_roles_unless_it_says_otherwise(
    more: Tree, found: list[str]
) -> None:
    """An SCP binds every session of every role."""
    statement = {"Effect": "Deny", **TERMINATE, "Condition": {**WITHOUT, **more}}

    assert codes(statement, kind=Kind.SCP) == found
    assert codes(statement) == []


@pytest.mark.rule("M32")
@pytest.mark.parametrize(
    ("principal", "found"),
    [
        ({"Principal": "*"}, ["OST110"]),
        ({"NotPrincipal": {"AWS": ACCOUNT}}, ["OST110"]),
        ({"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/x"}}, []),
    ],
)
def test_a_sweeping_deny_of_a_resource(principal: Tree, found: list[str]) -> None:
    """A Deny for everybody hits roles; one for users does not."""
    tree = {
        "Effect": "Deny",
        **principal,
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::books/*",
        "Condition": WITHOUT,
    }

    assert codes(tree, kind=Kind.RESOURCE) == found


# --- trust --------------------------------------------------------------------------


def assumable(condition: Tree, *, principal: object = None) -> Tree:
    """A trust policy's statement."""
    tree: Tree = {
        "Effect": "Allow",
        "Principal": principal or {"AWS": B},
        "Action": "sts:AssumeRole",
    }
    return {**tree, "Condition": condition} if condition else tree


@pytest.mark.rule("M21", "M30")
@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (assumable({}), ["OST111"]),
        (assumable({}, principal={"AWS": f"arn:aws:iam::{B}:user/x"}), ["OST111"]),
        (assumable({}, principal={"AWS": f"arn:aws:iam::{B}:role/x"}), []),
        (assumable({}, principal={"Service": "ec2.amazonaws.com"}), []),
        (assumable({"StringEquals": {"sts:ExternalId": "x"}}), []),
        (assumable({"StringEquals": {"aws:PrincipalType": "AssumedRole"}}), []),
        (assumable({"StringEquals": {"aws:RequestedRegion": "x"}}), ["OST111"]),
        (assumable({}, principal="*"), ["OST112"]),
        (assumable(WITH, principal={"AWS": "*"}), ["OST112"]),
        (
            assumable({"BoolIfExists": {PRESENT: "true"}}),
            ["OST101"],
        ),
        (
            assumable(WITH, principal={"AWS": f"arn:aws:iam::{B}:role/x"}),
            ["OST107"],
        ),
    ],
)
def test_trust(statement: Tree, found: list[str]) -> None:
    """People are asked for MFA when they assume the role, machines cannot be."""
    assert codes(statement, kind=Kind.TRUST) == found


OIDC = "arn:aws:iam::111111111111:oidc-provider/id.example/realm"
# What all tokens for one application have in common.
OF_ALL = {f"id.example/realm:{claim}": "a" for claim in ("aud", "azp", "oaud")}


@pytest.mark.parametrize(
    ("provider", "action", "condition", "found"),
    [
        (OIDC, "sts:AssumeRoleWithWebIdentity", {}, ["OST114"]),
        (OIDC, "sts:Assume*", {"id.example/realm:aud": "a"}, ["OST114"]),
        (OIDC, "sts:*", {"aws:RequestedRegion": "eu-west-1"}, ["OST114"]),
        (OIDC, "sts:AssumeRoleWithWebIdentity", {"id.example/realm:SUB": "s"}, []),
        (OIDC, "sts:AssumeRoleWithWebIdentity", {"id.example/realm:amr": "x"}, []),
        (OIDC, "sts:Assume*", OF_ALL, ["OST114"]),
        ("accounts.google.com", "sts:AssumeRoleWithWebIdentity", {}, ["OST114"]),
        ("accounts.google.com", "sts:Assume*", {"accounts.google.com:sub": "1"}, []),
        (OIDC, "sts:TagSession", {}, []),
        (
            "arn:aws:iam::111111111111:saml-provider/P",
            "sts:AssumeRoleWithWebIdentity",
            {},
            [],
        ),
    ],
)
def test_trust_in_every_token(
    provider: str, action: str, condition: Tree, found: list[str]
) -> None:
    """A provider speaks of many; what they have in common does not say who (5.3)."""
    statement: Tree = {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": action,
    }
    if condition:
        statement["Condition"] = {"StringEquals": condition}

    assert codes(statement, kind=Kind.TRUST) == found


@pytest.mark.rule("M21")
def test_a_deny_in_the_trust_policy_asks_for_mfa_too() -> None:
    """Nobody without MFA is left when a Deny hits them all."""
    deny = {**assumable(WITHOUT, principal="*"), "Effect": "Deny"}

    assert codes(assumable({}), deny, kind=Kind.TRUST) == []


@pytest.mark.rule("M26")
@pytest.mark.parametrize("condition", [WITH, WITHOUT, {}])
def test_no_policy_controls_get_session_token(condition: Tree) -> None:
    """A Deny has no effect, nor has an MFA condition, whatever its form."""
    statement = {"Effect": "Deny", "Action": "sts:GetSessionToken", "Resource": "*"}
    if condition:
        statement["Condition"] = condition

    assert codes(statement) == ["OST113"]


def test_a_plain_allow_of_get_session_token_is_harmless() -> None:
    """Many policies say it for completeness."""
    allow = {"Effect": "Allow", "Action": "sts:GetSessionToken", "Resource": "*"}

    assert codes(allow) == []


def test_findings_are_json_pointers_to_something() -> None:
    """A pointer walks to its spot in the document."""
    statement = terminates("Allow", "BoolIfExists", PRESENT, "true")
    (finding,) = lints(statement)
    node = json.loads(text(statement))
    for name in finding.pointer.split("/")[1:]:
        node = node[int(name)] if isinstance(node, list) else node[name]

    assert node == {PRESENT: "true"}


# --- lint and the decision ----------------------------------------------------------

ISSUED = {"aws:TokenIssueTime": "2026-01-01T00:00:00Z"}
AGES = ("0", "59", "60", "61", "3599", "3600", "3601", "129600")
# The rows of facts 2 once more, told apart from those that lint tries.
WITHOUT_ROWS = ({}, {**ISSUED, PRESENT: "false"})
WITH_ROWS = tuple({**ISSUED, PRESENT: "true", AGE: age} for age in AGES)
ALLOW_ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}

bool_conditions = st.tuples(
    st.sampled_from(["Bool", "BoolIfExists", "ForAllValues:Bool", "Null"]),
    st.just(PRESENT),
    st.sampled_from(["true", "false", ["true", "false"]]),
)
age_conditions = st.tuples(
    st.builds(
        str.__add__,
        st.sampled_from(
            ["NumericLessThan", "NumericGreaterThanEquals", "NumericNotEquals"]
        ),
        st.sampled_from(["", "IfExists"]),
    )
    | st.just("Null"),
    st.just(AGE),
    st.sampled_from(["60", "3600"]),
).map(lambda one: (*one[:2], "true" if one[0] == "Null" else one[2]))


def is_allowed(context: Tree, *statements: Tree) -> bool:
    """What the engine decides."""
    request = asks(action="ec2:TerminateInstances", resource="*", context=context)
    return decide(request, PolicySet(identity=(policy(*statements),))).is_allowed


@given(
    st.sampled_from(["Allow", "Deny"]),
    st.lists(bool_conditions | age_conditions, min_size=1, max_size=3),
)
def test_a_clean_mfa_condition_does_what_it_is_for(
    effect: str, conditions: list[tuple[str, str, object]]
) -> None:
    """Without a finding nobody gets through without MFA, and somebody does with it."""
    block: Tree = {}
    for operator, key, value in conditions:
        block.setdefault(operator, {})[key] = value
    statement = {"Effect": effect, **TERMINATE, "Condition": block}
    found = {code for code in codes(statement) if code.startswith("OST1")}
    statements = (statement,) if effect == "Allow" else (statement, ALLOW_ALL)
    without = [is_allowed(one, *statements) for one in WITHOUT_ROWS]
    with_mfa = [is_allowed(one, *statements) for one in WITH_ROWS]

    if not found:
        assert not any(without)
        assert any(with_mfa)
    if found & {"OST101", "OST102", "OST105"}:
        assert any(without)
    if "OST109" in found:
        expected = effect == "Deny"
        assert set(without + with_mfa) == {expected}
    if effect == "Allow" and not any(without) and with_mfa[0]:
        assert not found
    if effect == "Deny" and not any(without) and with_mfa[0]:
        assert not found
