"""Cases as JSON."""

import json
from typing import Any

import pytest

from ostiary.policy.face import decide_case, decide_line, read_case
from ostiary.policy.loader import DEPTH
from tests.unit.policy.asking import ACCOUNT, ROLE, SESSION, USER

PATHED = f"arn:aws:iam::{ACCOUNT}:role/ops/night/Ops"

POLICY = {
    "Version": "2012-10-17",
    "Statement": {"Sid": "Get", "Effect": "Allow", "Action": "s3:*", "Resource": "*"},
}
REQUEST = {"principal": USER, "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k"}


def case(**more: Any) -> dict[str, Any]:
    """A case that is allowed, but for `more`."""
    return {"id": "c", "identity_policies": [POLICY], "request": REQUEST, **more}


def request(**more: Any) -> dict[str, Any]:
    """The request of a case, but for `more`."""
    return {**REQUEST, **more}


def test_an_allowed_case() -> None:
    """product.md: the whole answer."""
    assert decide_case(case()) == {
        "id": "c",
        "decision": "Allowed",
        "determining": [
            {"kind": "identity", "policy": 0, "statement": 0, "sid": "Get"}
        ],
        "missing": [],
        "message": "",
    }


def test_a_refused_case() -> None:
    """product.md: what was missing, and AWS's message."""
    assert decide_case(case(identity_policies=[])) == {
        "id": "c",
        "decision": "ImplicitlyDenied",
        "determining": [],
        "missing": ["identity"],
        "message": f"User: {USER} is not authorized to perform: s3:GetObject on "
        "resource: arn:aws:s3:::b/k because no identity-based policy allows the "
        "s3:GetObject action",
    }


@pytest.mark.parametrize(
    "action",
    [
        "sts:AssumeRole",
        "STS:assumeRoleWithSAML",
        "sts:TagSession",
        "sts:SetSourceIdentity",
        "sts:SetContext",
    ],
)
def test_role_actions_are_answered_by_trust_policies(action: str) -> None:
    """Facts 6.2: for these the resource policy is a trust policy, and must allow."""
    own = {**POLICY, "Statement": {**POLICY["Statement"], "Action": "sts:*"}}
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": ACCOUNT},
            "Action": "sts:*",
        },
    }
    asked = request(action=action, resource=ROLE)
    alone = decide_case(case(identity_policies=[own], request=asked))
    assert (alone["decision"], alone["missing"]) == ("ImplicitlyDenied", ["resource"])
    both = case(identity_policies=[own], resource_policy=trust, request=asked)
    answer = decide_case(both)
    assert answer["decision"] == "Allowed"
    assert [one["kind"] for one in answer["determining"]] == ["identity", "resource"]  # type: ignore[attr-defined] # a list of dicts


def test_context_is_what_the_case_says() -> None:
    """product.md: no key is invented from the principal."""
    home = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Action": "*",
            "Resource": "arn:aws:s3:::b/${aws:username}",
        },
    }
    asked = request(resource="arn:aws:s3:::b/sofia")
    answer = decide_case(case(identity_policies=[home], request=asked))
    assert answer["decision"] == "ImplicitlyDenied"
    asked["context"] = {"aws:username": "sofia", "aws:TagKeys": ["a", "b"]}
    answer = decide_case(case(identity_policies=[home], request=asked))
    assert answer["decision"] == "Allowed"


def test_nulls_are_absent_and_empty_lists_are_not() -> None:
    """A boundary that is there and empty allows nothing."""
    nothing = dict.fromkeys(
        ("resource_policy", "boundary", "session_policies", "scps", "rcps"), None
    )
    assert decide_case(case(**nothing))["decision"] == "Allowed"
    assert decide_case(case(scps=[], rcps=[]))["decision"] == "Allowed"
    assert decide_case(case(boundary=[]))["missing"] == ["boundary"]
    assert decide_case(case(session_policies=[]))["missing"] == ["session"]
    assert decide_case(case(endpoint_policies=[]))["missing"] == ["endpoint"]


def test_who_owns_the_resource() -> None:
    """Facts 6.3: an owner that is another account makes the request cross-account."""
    asked = request(resource_account="444455556666")
    assert decide_case(case(request=asked))["missing"] == ["resource"]


@pytest.mark.threat("T77", "T78", "T80")
@pytest.mark.parametrize(
    ("broken", "error"),
    [
        (case(id=["c"]), "/id: found neither"),
        (case(extra=1), "/extra: found an unknown key"),
        (case(request=None), "/request: found no object"),
        (case(request=request(extra=1)), "/request/extra: found an unknown key"),
        (case(request=request(action="s3")), "/request/action: found `s3`"),
        (case(request=request(action="s3:a:b")), "/request/action: found"),
        (case(request=request(action=7)), "/request/action: found no text"),
        (case(request=request(resource="")), "/request/resource: found no text"),
        (case(request=request(principal="bob")), "/request: `bob` is not a principal"),
        (case(request=request(resource_account=7)), "/request/resource_account"),
        (case(request=request(context=[])), "/request/context: found no object"),
        (case(request=request(context={"a:b": 7})), "/request/context/a:b: found"),
        (case(request=request(context={"a:b": ["x", 7]})), "/request/context/a:b"),
        (case(request=request(context={"a:b": "1", "A:B": "2"})), "/request: `A:B`"),
        (case(identity_policies=POLICY), "/identity_policies: found no list"),
        (case(identity_policies=["x"]), "/identity_policies/0: found no object"),
        (case(scps=[POLICY]), "/scps/0: found no list"),
        (case(boundary=[{}]), "/boundary/0: found no `Statement`"),
        (
            case(identity_policies=[{**POLICY, "Statement": {"Effect": "allow"}}]),
            "/identity_policies/0/Statement/Effect: found the effect `allow`",
        ),
        (case(identity_policies=[{"Statement": {1, 2}}]), "JSON does not have"),
    ],
)
def test_broken_cases(broken: dict[str, Any], error: str) -> None:
    """product.md: a case that cannot be parsed gets an error, with its place."""
    answer = decide_case(broken)
    assert error in str(answer["error"])
    assert set(answer) == {"id", "error"}
    assert answer["id"] == (broken["id"] if isinstance(broken["id"], str) else None)


@pytest.mark.threat("T77", "T78")
@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("", None),
        ("[]", None),
        ('{"id":1', None),
        ('{"id":1,"id":2}', None),
        ('{"id":7}', 7),
        ('{"id":1.50,"request":{}}', 1.5),
        ('{"id":"a","request":{"action":"a:b","action":"a:c"}}', None),
        ('{"id":"a","identity_policies":[' + "[" * 50, None),
    ],
)
def test_broken_lines(line: str, name: object) -> None:
    """Threats T77: a line is read as strictly as a policy."""
    answer = json.loads(decide_line(line))
    assert answer["error"]
    assert answer["id"] == name


def test_lines() -> None:
    """product.md: one line in, one line out; ids and numbers stay as written."""
    answer = decide_line(json.dumps(case(id=12345678901234567890)))
    assert answer.startswith('{"id":12345678901234567890,"decision":"Allowed"')
    assert "\n" not in answer
    condition = {"NumericLessThan": {"aws:MultiFactorAuthAge": 3600}}
    own = {**POLICY, "Statement": {**POLICY["Statement"], "Condition": condition}}
    asked = request(context={"aws:MultiFactorAuthAge": "3599"})
    line = json.dumps(case(identity_policies=[own], request=asked))
    assert json.loads(decide_line(line))["decision"] == "Allowed"


KEYS = (
    "`boundary`, `endpoint_policies`, `id`, `identity_policies`, `rcps`, `request`, "
    "`resource_policy`, `scps`, `session_policies`"
)
BUCKET = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        (case(id=["c"]), "/id: found neither a string nor a number"),
        (case(extra=1), f"/extra: found an unknown key, expected {KEYS}"),
        (case(request=7), "/request: found no object"),
        (case(request=request(context=7)), "/request/context: found no object"),
        (
            case(resource_policy=7),
            "/resource_policy: found no object, expected a policy",
        ),
        (case(scps=7), "/scps: found no list"),
        (case(session_policies=7), "/session_policies: found no list"),
        (case(endpoint_policies=7), "/endpoint_policies: found no list"),
        (case(rcps=[[7]]), "/rcps/0/0: found no object, expected a policy"),
        (
            case(request=request(action=":GetObject")),
            "/request/action: found `:GetObject`, expected `service:Name`",
        ),
        (
            case(request=request(action="s3:")),
            "/request/action: found `s3:`, expected `service:Name`",
        ),
        (
            case(request=request(context={"a:b": {"c": 1}})),
            "/request/context/a:b: found neither a string nor a list of strings",
        ),
    ],
)
def test_the_words_for_a_broken_case(broken: dict[str, Any], error: str) -> None:
    """style.md 3.8: a message is a contract: the place, what was found, what was expected."""
    assert decide_case(broken)["error"] == error


@pytest.mark.parametrize(
    ("key", "deep"),
    [
        ("identity_policies", 0),
        ("boundary", 0),
        ("session_policies", 0),
        ("scps", 1),
    ],
)
def test_each_kind_of_policy_has_its_grammar(key: str, deep: int) -> None:
    """Facts 3.1: a `Principal` stands in policies on resources, and in no other."""
    tree: Any = {"Version": "2012-10-17", "Statement": BUCKET}
    where = "".join(["/0"] * (deep + 1))
    for _ in range(deep + 1):
        tree = [tree]
    error = str(decide_case(case(**{key: tree}))["error"])
    assert error.startswith(f"/{key}{where}/Statement/Principal: ")
    for fine in ("rcps", "endpoint_policies"):
        level = [[tree[0]]] if fine == "rcps" and not deep else tree
        if fine == "rcps" or not deep:
            assert "error" not in decide_case(case(**{fine: level}))


def test_a_line_that_is_no_case() -> None:
    """product.md: answered, with no id, and with what was expected."""
    answer = json.loads(decide_line("[]"))
    assert answer == {"id": None, "error": "found no object, expected a case"}


def test_a_policy_in_a_case_may_be_as_deep_as_alone() -> None:
    """A case holds policies some levels down, and its id is told all the same."""
    deep: Any = "x"
    for _ in range(DEPTH - 3):
        deep = [deep]
    tree = {"Version": "2012-10-17", "Statement": {**BUCKET, "Resource": deep}}
    line = json.dumps(case(scps=[[tree]]))
    answer = json.loads(decide_line(line))
    assert answer["id"] == "c"
    assert answer["error"].startswith("/scps/0/0/Statement/")


@pytest.mark.parametrize(
    ("principal", "context", "ids", "role"),
    [
        (USER, {}, (), ""),
        (USER, {"aws:userid": "AIDAX"}, ("AIDAX",), ""),
        (USER, {"aws:userid": ["AIDAX"]}, (), ""),
        (SESSION, {}, (), ROLE),
        (SESSION, {"AWS:UserId": "AROAX:sofia"}, ("AROAX", "AROAX:sofia"), ROLE),
        (SESSION, {"aws:userid": "AROAX:a:b"}, ("AROAX", "AROAX:a:b"), ROLE),
        (SESSION, {"aws:userid": "AROAX"}, (), ROLE),
        (SESSION, {"aws:PrincipalArn": PATHED}, (), PATHED),
        (SESSION, {"aws:PrincipalArn": f"{PATHED}2"}, (), ROLE),
        (SESSION, {"aws:PrincipalArn": PATHED.replace("role", "user")}, (), ROLE),
        (SESSION, {"aws:PrincipalArn": [PATHED]}, (), ROLE),
    ],
)
def test_what_the_context_tells_about_the_principal(
    principal: str, context: dict[str, Any], ids: tuple[str, ...], role: str
) -> None:
    """Facts 5.2: unique ids by `aws:userid`, the path of a role by `aws:PrincipalArn`."""
    asked = request(principal=principal, context=context)
    found = read_case(case(request=asked))[0].principal
    assert (found.unique_ids, found.role_arn) == (ids, role)
