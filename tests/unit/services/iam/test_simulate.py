"""The policy simulator: policies, context, resources and pages (facts 6.6)."""

import json
from typing import Any

import pytest

from tests.unit.identity.minting import ACCOUNT
from tests.unit.services.iam.world import ALLOW_ALL, OTHER_ACCOUNT, World

Tree = dict[str, Any]
BUCKET = "arn:aws:s3:::books"
OBJECT = f"{BUCKET}/x"
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def allow(action: Any = "*", resource: Any = "*", **more: Any) -> Tree:
    """A statement that allows."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "*", resource: Any = "*", **more: Any) -> Tree:
    """A statement that denies."""
    return allow(action, resource, **more) | {"Effect": "Deny"}


def document(*statements: Tree) -> str:
    """A policy document on one line."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def entry(key: str, *values: str, kind: str = "string") -> Tree:
    """A context entry."""
    return {
        "ContextKeyName": key,
        "ContextKeyValues": list(values),
        "ContextKeyType": kind,
    }


def custom(
    world: World, *policies: str, action: str = "s3:GetObject", **params: Any
) -> Tree:
    """The one result of a custom simulation."""
    answer = world.call(
        "SimulateCustomPolicy",
        **{"PolicyInputList": list(policies), "ActionNames": [action], **params},
    )
    (result,) = answer["EvaluationResults"]
    assert isinstance(result, dict)
    return result


def principal(
    world: World, arn: str, action: str = "s3:GetObject", **params: Any
) -> Tree:
    """The one result of simulating an entity."""
    answer = world.call(
        "SimulatePrincipalPolicy",
        **{"PolicySourceArn": arn, "ActionNames": [action], **params},
    )
    (result,) = answer["EvaluationResults"]
    assert isinstance(result, dict)
    return result


# --- decisions and statements


@pytest.mark.parametrize(
    ("statements", "decision"),
    [
        ([allow("s3:*")], "allowed"),
        ([allow("ec2:*")], "implicitDeny"),
        ([allow("s3:*"), deny("s3:Get*")], "explicitDeny"),
    ],
)
def test_the_three_decisions(
    world: World, statements: list[Tree], decision: str
) -> None:
    """The engine's answer in the simulator's words."""
    result = custom(world, document(*statements))
    assert result["EvalDecision"] == decision
    assert result["EvalActionName"] == "s3:GetObject"
    assert result["EvalResourceName"] == "*"
    assert result["EvalDecisionDetails"] == {}
    assert "ResourceSpecificResults" not in result
    assert "PermissionsBoundaryDecisionDetail" not in result
    assert "OrganizationsDecisionDetail" not in result


def test_positions_are_those_of_a_recorded_answer(world: World) -> None:
    """AWS's own example: the statement's braces, counted from 1 (docs of the CLI)."""
    text = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"dynamodb:*",'
        '"Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":'
        '"2018-08-16T12:00:00Z"}}}]}'
    )
    late = entry("aws:CurrentTime", "2019-04-25T11:00:00Z", kind="date")
    result = custom(world, text, action="dynamodb:CreateBackup", ContextEntries=[late])
    assert result["MatchedStatements"] == [
        {
            "SourcePolicyId": "PolicyInputList.1",
            "SourcePolicyType": "IAM Policy",
            "StartPosition": {"Line": 1, "Column": 38},
            "EndPosition": {"Line": 1, "Column": 167},
        }
    ]


def test_positions_count_lines(world: World) -> None:
    """A statement over several lines, and one that stands without its list."""
    tree = {"Statement": allow("s3:*"), "Version": "2012-10-17"}
    result = custom(world, document(allow("ec2:*")), json.dumps(tree, indent=2))
    assert result["MatchedStatements"] == [
        {
            "SourcePolicyId": "PolicyInputList.2",
            "SourcePolicyType": "IAM Policy",
            "StartPosition": {"Line": 2, "Column": 16},
            "EndPosition": {"Line": 6, "Column": 3},
        }
    ]


def test_a_deny_hides_the_allows(world: World) -> None:
    """On an explicit deny only the statements that deny are listed."""
    result = custom(world, document(allow("*")), document(deny("s3:*"), deny("*")))
    assert {one["SourcePolicyId"] for one in result["MatchedStatements"]} == {
        "PolicyInputList.2"
    }
    assert len(result["MatchedStatements"]) == 2


def test_all_statements_that_allow_are_listed(world: World) -> None:
    """Each allow that applied is named, with its policy."""
    result = custom(world, document(allow("s3:*"), allow("ec2:*"), allow("*")))
    columns = [one["StartPosition"]["Column"] for one in result["MatchedStatements"]]
    assert len(columns) == 2
    assert columns == sorted(columns)


# --- context


def test_missing_keys_are_listed(world: World) -> None:
    """Keys that the policies ask about this action and nobody gave, as written."""
    text = document(
        allow("s3:*", "arn:aws:s3:::${aws:username}/*", Condition=MFA),
        allow("ec2:*", Condition={"StringEquals": {"ec2:Tenancy": "default"}}),
    )
    result = custom(world, text, ResourceArns=[OBJECT])
    assert result["MissingContextValues"] == [
        "aws:MultiFactorAuthPresent",
        "aws:username",
    ]
    given = [
        entry("AWS:multifactorauthpresent", "true", kind="boolean"),
        entry("aws:username", "books"),
    ]
    result = custom(world, text, ResourceArns=[OBJECT], ContextEntries=given)
    assert (result["EvalDecision"], result["MissingContextValues"]) == ("allowed", [])


@pytest.mark.parametrize(
    ("kind", "value", "bad", "test"),
    [
        ("string", "a", None, ("StringEquals", "a")),
        ("numeric", "5", "five", ("NumericLessThan", "6")),
        ("boolean", "true", "yes", ("Bool", "true")),
        ("ip", "10.0.0.1", "10.0.0", ("IpAddress", "10.0.0.0/8")),
        ("binary", "QUJD", "?", ("BinaryEquals", "QUJD")),
        ("date", "2026-01-01T00:00:00Z", "soon", ("DateLessThan", "2027-01-01")),
    ],
)
def test_entries_have_types(
    world: World, kind: str, value: str, bad: str | None, test: tuple[str, str]
) -> None:
    """A value is of the type that its entry says; one value, or a list of them."""
    operator, wanted = test
    text = document(allow(Condition={operator: {"my:Key": wanted}}))
    listed = document(allow(Condition={f"ForAnyValue:{operator}": {"my:Key": wanted}}))

    def decided(policy: str, *values: str, of: str = kind) -> str:
        given = [entry("my:Key", *values, kind=of)]
        return str(custom(world, policy, ContextEntries=given)["EvalDecision"])

    assert decided(text, value) == "allowed"
    assert decided(listed, value, value, of=f"{kind}List") == "allowed"
    assert decided(listed, of=f"{kind}List") == "implicitDeny"
    wrong = [(value, value), ()] + ([(bad,)] if bad else [])
    for values in wrong:
        code, _ = world.refused(
            "SimulateCustomPolicy",
            PolicyInputList=[text],
            ActionNames=["s3:GetObject"],
            ContextEntries=[entry("my:Key", *values, kind=kind)],
        )
        assert code == "InvalidInput"


@pytest.mark.parametrize(
    "entries",
    [
        [entry("nocolon", "x")],
        [entry("aws:username", "a"), entry("AWS:UserName", "b")],
        [entry("ostiary:Other", "x")],
        [entry("ostiary:CredentialKind", "magic")],
        [entry("aws:username", "x")] * 257,
    ],
)
def test_bad_entries_are_refused(world: World, entries: list[Tree]) -> None:
    """A key has a service prefix, stands once, and ours is one of a kind."""
    code, _ = world.refused(
        "SimulateCustomPolicy",
        PolicyInputList=[ALLOW_ALL],
        ActionNames=["s3:GetObject"],
        ContextEntries=entries,
    )
    assert code == "InvalidInput"


# --- boundaries, organizations, resources


def test_a_boundary_limits_and_says_so(world: World) -> None:
    """The detail is there when there is a boundary, and says what it alone decides."""
    for boundary, allowed in (("s3:*", True), ("ec2:*", False)):
        result = custom(
            world,
            ALLOW_ALL,
            PermissionsBoundaryPolicyInputList=[document(allow(boundary))],
            ResourceArns=[OBJECT],
        )
        assert result["EvalDecision"] == ("allowed" if allowed else "implicitDeny")
        detail = {"AllowedByPermissionsBoundary": allowed}
        assert result["PermissionsBoundaryDecisionDetail"] == detail
        (own,) = result["ResourceSpecificResults"]
        assert own["PermissionsBoundaryDecisionDetail"] == detail


def test_levels_of_an_organization(world: World) -> None:
    """Every level of service control policies must allow."""
    for second, allowed in (("s3:*", True), ("ec2:*", False)):
        levels = [
            {"ServiceControlPolicyInputList": [document(allow("ec2:*")), ALLOW_ALL]},
            {"ServiceControlPolicyInputList": [document(allow(second))]},
        ]
        result = custom(world, ALLOW_ALL, OrderedOrganizationPolicyInputList=levels)
        assert result["EvalDecision"] == ("allowed" if allowed else "implicitDeny")
        assert result["OrganizationsDecisionDetail"] == {
            "AllowedByOrganizations": allowed
        }
    names = {one["SourcePolicyId"] for one in result["MatchedStatements"]}
    assert names == set()


def test_a_deny_of_the_second_level_is_named(world: World) -> None:
    """Policies of later levels are told apart from those of earlier ones."""
    levels = [
        {"ServiceControlPolicyInputList": [ALLOW_ALL]},
        {"ServiceControlPolicyInputList": [ALLOW_ALL, document(deny("s3:*"))]},
    ]
    result = custom(world, ALLOW_ALL, OrderedOrganizationPolicyInputList=levels)
    (matched,) = result["MatchedStatements"]
    name = "OrderedOrganizationPolicyInputList.2.2"
    assert matched["SourcePolicyId"] == name


def test_each_action_meets_each_resource(world: World) -> None:
    """One result for each pair, in the order of the call; resources told by name."""
    answer = world.call(
        "SimulateCustomPolicy",
        PolicyInputList=[document(allow("s3:GetObject", OBJECT))],
        ActionNames=["s3:GetObject", "s3:PutObject"],
        ResourceArns=[OBJECT, BUCKET],
    )
    told = [
        (one["EvalActionName"], one["EvalResourceName"], one["EvalDecision"])
        for one in answer["EvaluationResults"]
    ]
    assert told == [
        ("s3:GetObject", OBJECT, "allowed"),
        ("s3:GetObject", BUCKET, "implicitDeny"),
        ("s3:PutObject", OBJECT, "implicitDeny"),
        ("s3:PutObject", BUCKET, "implicitDeny"),
    ]
    first = answer["EvaluationResults"][0]
    assert first["ResourceSpecificResults"] == [
        {
            "EvalResourceName": OBJECT,
            "EvalResourceDecision": "allowed",
            "MatchedStatements": first["MatchedStatements"],
            "MissingContextValues": [],
            "EvalDecisionDetails": {},
        }
    ]


def test_a_resource_policy_needs_a_caller(world: World) -> None:
    """CallerArn goes with ResourcePolicy, and is the ARN of a user."""
    user = world.user("Nikhil")
    statement = allow("s3:*", OBJECT, Principal={"AWS": user.arn})
    params = {
        "ResourcePolicy": document(statement),
        "ResourceArns": [OBJECT],
    }
    result = custom(world, document(allow("ec2:*")), CallerArn=user.arn, **params)
    assert result["EvalDecision"] == "allowed"
    (matched,) = result["MatchedStatements"]
    assert matched["SourcePolicyId"] == "ResourcePolicy"
    assert matched["SourcePolicyType"] == "Resource Policy"
    other = f"arn:aws:iam::{ACCOUNT}:user/Other"
    result = custom(world, document(allow("ec2:*")), CallerArn=other, **params)
    assert result["EvalDecision"] == "implicitDeny"
    for caller in (
        {},
        {"CallerArn": f"arn:aws:iam::{ACCOUNT}:role/Job"},
        {"CallerArn": f"arn:aws:iam::{ACCOUNT}:root"},
        {"CallerArn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Job/me"},
    ):
        code, _ = world.refused(
            "SimulateCustomPolicy",
            PolicyInputList=[ALLOW_ALL],
            ActionNames=["s3:GetObject"],
            **params,
            **caller,
        )
        assert code == "InvalidInput"


def test_across_accounts_both_sides_must_allow(world: World) -> None:
    """ResourceOwner makes a bucket another account's; the details tell the sides."""
    user = world.user("Nikhil")
    ours = document(allow("s3:*", OBJECT, Principal={"AWS": user.arn}))
    for mine, decision in (("s3:*", "allowed"), ("ec2:*", "implicitDeny")):
        result = custom(
            world,
            document(allow(mine)),
            CallerArn=user.arn,
            ResourcePolicy=ours,
            ResourceOwner=f"arn:aws:iam::{OTHER_ACCOUNT}:root",
            ResourceArns=[OBJECT],
        )
        assert result["EvalDecision"] == decision
        assert result["EvalDecisionDetails"] == {
            "IAM Policy": decision,
            "Resource Policy": "allowed",
        }


# --- an entity's own policies


def test_a_user_has_its_own_and_its_groups_policies(world: World) -> None:
    """Inline, attached and group policies count, each under its name."""
    user = world.user("Sofia")
    world.call("CreateGroup", GroupName="Devs")
    world.call("AddUserToGroup", GroupName="Devs", UserName="Sofia")
    world.call(
        "PutUserPolicy",
        UserName="Sofia",
        PolicyName="own",
        PolicyDocument=document(allow("s3:*")),
    )
    world.call(
        "PutGroupPolicy",
        GroupName="Devs",
        PolicyName="all",
        PolicyDocument=document(allow("s3:Get*")),
    )
    arn = world.policy("Readers", document(allow("s3:GetObject")))
    world.call("AttachUserPolicy", UserName="Sofia", PolicyArn=arn)
    result = principal(world, user.arn)
    names = [one["SourcePolicyId"] for one in result["MatchedStatements"]]
    assert names == ["user_Sofia_own", "Readers", "group_Devs_all"]
    inline = {
        "PolicyName": "own",
        "AttachmentType": "user",
        "AttachmentName": "Sofia",
    }
    result = principal(
        world,
        user.arn,
        PolicyInputList=[document(deny("s3:*"))],
        PolicyExclusionList=[
            {"InlinePolicyIdentifier": inline},
            {"PolicyArn": arn},
        ],
    )
    names = [one["SourcePolicyId"] for one in result["MatchedStatements"]]
    assert (result["EvalDecision"], names) == ("explicitDeny", ["PolicyInputList.1"])
    group = principal(world, f"arn:aws:iam::{ACCOUNT}:group/Devs")
    names = [one["SourcePolicyId"] for one in group["MatchedStatements"]]
    assert names == ["group_Devs_all"]


def test_an_entity_has_its_boundary(world: World) -> None:
    """Its own boundary counts, unless the call brings one or leaves it out."""
    bound = world.policy("Bound", document(allow("ec2:*")))
    user = world.user("Sofia", PermissionsBoundary=bound)
    params = {"PolicyInputList": [ALLOW_ALL]}
    result = principal(world, user.arn, **params)
    assert result["EvalDecision"] == "implicitDeny"
    assert result["PermissionsBoundaryDecisionDetail"] == {
        "AllowedByPermissionsBoundary": False
    }
    wider = {"PermissionsBoundaryPolicyInputList": [ALLOW_ALL]}
    assert principal(world, user.arn, **params, **wider)["EvalDecision"] == "allowed"
    for one in ({"PolicyType": "permission-boundary"}, {"PolicyArn": bound}):
        result = principal(world, user.arn, **params, PolicyExclusionList=[one])
        assert result["EvalDecision"] == "allowed"
        assert "PermissionsBoundaryDecisionDetail" not in result


def test_who_cannot_be_simulated(world: World) -> None:
    """Only a user, group or role of one's own account has policies to simulate."""
    world.user("Sofia")
    for arn, code in (
        (f"arn:aws:iam::{ACCOUNT}:user/Nobody", "NoSuchEntity"),
        (f"arn:aws:iam::{ACCOUNT}:user/other/Sofia", "NoSuchEntity"),
        (f"arn:aws:iam::{OTHER_ACCOUNT}:user/Sofia", "NoSuchEntity"),
        (f"arn:aws:iam::{ACCOUNT}:root", "InvalidInput"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/Job/me", "InvalidInput"),
    ):
        for operation, more in (
            ("SimulatePrincipalPolicy", {"ActionNames": ["s3:GetObject"]}),
            ("GetContextKeysForPrincipalPolicy", {}),
        ):
            said = world.refused(operation, PolicySourceArn=arn, **more)
            assert said[0] == code


# --- keys of policies


def test_keys_of_given_policies(world: World) -> None:
    """Keys of conditions and variables, each once, in order of appearance."""
    first = document(
        allow(resource="arn:aws:s3:::${aws:username}/*", Condition=MFA), allow("s3:*")
    )
    second = document(
        allow(Condition={"Null": {"AWS:MultiFactorAuthPresent": "false"}}),
        allow(Condition={"StringLike": {"my:Key": "${aws:PrincipalTag/team}"}}),
    )
    answer = world.call(
        "GetContextKeysForCustomPolicy", PolicyInputList=[first, second]
    )
    assert answer["ContextKeyNames"] == [
        "aws:MultiFactorAuthPresent",
        "aws:username",
        "my:Key",
        # A policy variable is told in lower case, as it is looked up.
        "aws:principaltag/team",
    ]


def test_keys_of_an_entity(world: World) -> None:
    """Keys of what hangs on the entity, then of what the call brings."""
    bound = world.policy(
        "Bound", document(allow(Condition={"Bool": {"aws:SecureTransport": "true"}}))
    )
    user = world.user("Sofia", PermissionsBoundary=bound)
    world.call(
        "PutUserPolicy",
        UserName="Sofia",
        PolicyName="own",
        PolicyDocument=document(allow(Condition=MFA)),
    )
    answer = world.call(
        "GetContextKeysForPrincipalPolicy",
        PolicySourceArn=user.arn,
        PolicyInputList=[document(allow(Condition={"Null": {"my:Key": "true"}}))],
    )
    assert answer["ContextKeyNames"] == [
        "aws:MultiFactorAuthPresent",
        "aws:SecureTransport",
        "my:Key",
    ]


# --- limits, pages and faults


def test_pages(world: World) -> None:
    """A long simulation comes in pages that go on where the last one ended."""
    actions = [f"s3:Get{number}" for number in range(25)]
    pages = list(
        world.pages(
            "SimulateCustomPolicy",
            "EvaluationResults",
            PolicyInputList=[ALLOW_ALL],
            ActionNames=actions,
            MaxItems=10,
        )
    )
    assert [len(page) for page in pages] == [10, 10, 5]
    assert [one["EvalActionName"] for page in pages for one in page] == actions


@pytest.mark.threat("T136")
def test_pairs_are_limited(world: World) -> None:
    """A call names at most 1,000 pairs of an action and a resource."""
    params = {"PolicyInputList": [ALLOW_ALL], "MaxItems": 1000}
    actions = [f"s3:Get{number}" for number in range(40)]
    arns = [f"{BUCKET}/{number}" for number in range(25)]
    answer = world.call(
        "SimulateCustomPolicy", ActionNames=actions, ResourceArns=arns, **params
    )
    assert len(answer["EvaluationResults"]) == 1000
    said = world.refused(
        "SimulateCustomPolicy",
        ActionNames=[*actions, "s3:One"],
        ResourceArns=arns,
        **params,
    )
    assert said == (
        "InvalidInput",
        "A simulation is limited to 1000 pairs of an action and a resource.",
    )


@pytest.mark.threat("T136")
def test_costly_policies_make_shorter_pages(world: World) -> None:
    """What a page costs is bounded: the longer the policies, the fewer pairs."""
    long = document(*(allow("s3:*", f"{BUCKET}/{n}*{n}") for n in range(1500)))
    pages = list(
        world.pages(
            "SimulateCustomPolicy",
            "EvaluationResults",
            PolicyInputList=[long],
            ActionNames=[f"s3:Get{number}" for number in range(40)],
            ResourceArns=[OBJECT],
            MaxItems=1000,
        )
    )
    assert len(pages) > 1
    assert sum(map(len, pages)) == 40


@pytest.mark.threat("T136")
def test_given_policies_are_limited(world: World) -> None:
    """All documents of a call have at most 131,072 characters together."""
    text = document(allow("s3:*", [f"{BUCKET}/{n}" for n in range(3000)]))
    said = world.refused(
        "SimulateCustomPolicy",
        PolicyInputList=[text, text],
        ActionNames=["s3:GetObject"],
    )
    assert said[0] == "InvalidInput"


@pytest.mark.threat("T136")
def test_elements_are_limited(world: World) -> None:
    """No action and no condition is longer than a whole policy of any kind may be."""
    values = [f"{number:020}" for number in range(1100)]
    for statement in (
        allow(Condition={"StringEquals": {"aws:username": values}}),
        allow("s3:" + "x" * 20_480),
    ):
        code, message = world.refused(
            "SimulateCustomPolicy",
            PolicyInputList=[document(statement)],
            ActionNames=["s3:GetObject"],
        )
        assert code == "InvalidInput"
        assert "longer than 20480 characters" in message
    short = document(allow(Condition={"StringEquals": {"aws:username": values[:900]}}))
    assert custom(world, short)["EvalDecision"] == "implicitDeny"


@pytest.mark.threat("T136")
def test_a_question_too_expensive_is_not_answered(world: World) -> None:
    """Above the budget of one decision it is PolicyEvaluation, never a guess."""
    patterns = [f"{BUCKET}*a*{number}" for number in range(3000)]
    hard = document(allow("s3:*", patterns))
    said = world.refused(
        "SimulateCustomPolicy",
        PolicyInputList=[hard],
        ActionNames=["s3:GetObject"],
        ResourceArns=[f"{BUCKET}/{'a' * 2000}"],
    )
    assert said[0] == "PolicyEvaluation"


@pytest.mark.parametrize(
    "wrong",
    [
        {"ActionNames": []},
        {"ActionNames": ["s3:*"]},
        {"ActionNames": ["s3:Get?bject"]},
        {"ActionNames": ["GetObject"]},
        {"ActionNames": ["s3:Get:Object"]},
        {"ResourceArns": ["books"]},
        {"ResourceOwner": "me"},
        {"ResourceHandlingOption": "EC2-VPC-InstanceStore"},
        {"PolicyInputList": ["{}"]},
        {"PolicyInputList": [document(allow(Principal="*"))]},
        {"PermissionsBoundaryPolicyInputList": [ALLOW_ALL, ALLOW_ALL]},
        {"PermissionsBoundaryPolicyInputList": ["[]"]},
        {
            "ResourcePolicy": ALLOW_ALL,
            "CallerArn": f"arn:aws:iam::{ACCOUNT}:user/Nikhil",
        },
    ],
)
def test_wrong_input(world: World, wrong: Tree) -> None:
    """What cannot be read in one way is InvalidInput, and nothing is simulated."""
    params = {"PolicyInputList": [ALLOW_ALL], "ActionNames": ["s3:GetObject"]}
    assert world.refused("SimulateCustomPolicy", **(params | wrong))[0] == (
        "InvalidInput"
    )


@pytest.mark.parametrize(
    ("kind", "left"),
    [
        ("inline", ["Readers"]),
        ("user-managed", ["user_Sofia_own"]),
        ("aws-managed", ["user_Sofia_own", "Readers"]),
        ("permission-boundary", ["user_Sofia_own", "Readers"]),
        ("scp", ["user_Sofia_own", "Readers"]),
    ],
)
def test_all_policies_of_a_type_can_be_left_out(
    world: World, kind: str, left: list[str]
) -> None:
    """An exclusion by type leaves out what has the type, and nothing else."""
    user = world.user("Sofia")
    put = {"UserName": "Sofia", "PolicyName": "own", "PolicyDocument": ALLOW_ALL}
    world.call("PutUserPolicy", **put)
    arn = world.policy("Readers", document(allow("s3:GetObject")))
    world.call("AttachUserPolicy", UserName="Sofia", PolicyArn=arn)
    result = principal(world, user.arn, PolicyExclusionList=[{"PolicyType": kind}])
    assert [one["SourcePolicyId"] for one in result["MatchedStatements"]] == left
