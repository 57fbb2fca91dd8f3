"""Cases as JSON: the face of the engine that `ostiary decide` shows.

One case is one object: policies, a request, an id. The answer is one object, and a
case that cannot be understood is answered too, with `error` in place of a decision.
Nothing is guessed: an unknown key, a value of the wrong type or a broken policy is an
error, and the context is what the case says.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, TypeVar

from ostiary.policy.compile import Compiled, compile  # noqa: A004 - the field's own word
from ostiary.policy.decide import Decision, Outcome, PolicySet, decide
from ostiary.policy.document import Kind
from ostiary.policy.explain import denial_message
from ostiary.policy.fault import PolicyError
from ostiary.policy.loader import DEPTH, LoadError, Number, dump, load
from ostiary.policy.parse import parse
from ostiary.policy.request import (
    AuthorizationRequest,
    Context,
    Principal,
    PrincipalKind,
)

Item = TypeVar("Item")
Case = Mapping[str, object]

_CASE_KEYS: Final = frozenset(
    {
        "id",
        "identity_policies",
        "resource_policy",
        "boundary",
        "session_policies",
        "scps",
        "rcps",
        "endpoint_policies",
        "request",
    }
)
_REQUEST_KEYS: Final = frozenset(
    {"action", "resource", "resource_account", "principal", "context"}
)
# Actions that a role's trust policy answers (facts 3.7).
_TRUST_ACTIONS: Final = frozenset(
    {
        "sts:assumerole",
        "sts:assumerolewithsaml",
        "sts:assumerolewithwebidentity",
        "sts:tagsession",
        "sts:setsourceidentity",
        "sts:setcontext",
    }
)
# A case holds policies some levels down.
_CASE_DEPTH: Final = DEPTH + 4


class CaseError(ValueError):
    """A case that is not one."""


def decide_line(text: str) -> str:
    """The answer to one line, as one line without its end; it never raises.

    Args:
        text: a case as JSON; what is no case is answered with `error` (product.md)
    """
    try:
        case = load(text, depth=_CASE_DEPTH)
    except LoadError as error:
        return dump({"id": None, "error": f"{error.pointer} {error}".strip()})
    if not isinstance(case, dict):
        return dump({"id": None, "error": "found no object, expected a case"})
    return dump(decide_case(case))


def decide_case(case: Case) -> dict[str, object]:
    """The answer to one case; it never raises.

    Args:
        case: as the line of `ostiary decide` holds it, in JSON's types

    Returns:
        `id`, `decision`, `determining`, `missing` and `message`; or `id` and `error`.
    """
    name = case.get("id")
    if not isinstance(name, str | int | float | Number | None):
        return {"id": None, "error": "/id: found neither a string nor a number"}
    try:
        request, policies = read_case(case)
    except CaseError as error:
        return {"id": name, "error": str(error)}
    return {"id": name, **_answer(request, decide(request, policies))}


def _answer(request: AuthorizationRequest, decision: Decision) -> dict[str, object]:
    allowed = decision.outcome is Outcome.ALLOWED
    return {
        "decision": decision.outcome.value,
        "determining": [
            {
                "kind": kind_word(one.kind),
                "policy": one.policy,
                "statement": one.statement,
                "sid": one.sid,
            }
            for one in decision.determining
        ],
        "missing": list(map(kind_word, decision.missing)),
        "message": "" if allowed else denial_message(request, decision),
    }


def kind_word(kind: Kind) -> str:
    """The word for a kind in JSON: a trust policy is the resource policy of a role."""
    return Kind.RESOURCE.value if kind is Kind.TRUST else kind.value


# --- reading -----------------------------------------------------------------------


def read_case(case: Case) -> tuple[AuthorizationRequest, PolicySet]:
    """The request and the policies of a case.

    Raises:
        CaseError: the case is not made as `decide` wants it, or one of its policies
            is broken.
    """
    _check_keys(case, _CASE_KEYS, "")
    request = _read_request(case.get("request"))
    is_trust = request.normal_action in _TRUST_ACTIONS
    kind = Kind.TRUST if is_trust else Kind.RESOURCE
    resource = case.get("resource_policy")
    return request, PolicySet(
        identity=_policies(case, "identity_policies", Kind.IDENTITY) or (),
        resource=None
        if resource is None
        else _policy(resource, "/resource_policy", kind),
        resource_kind=kind,
        boundary=_policies(case, "boundary", Kind.BOUNDARY),
        session=_policies(case, "session_policies", Kind.SESSION),
        scps=_levels(case, "scps", Kind.SCP),
        rcps=_levels(case, "rcps", Kind.RCP),
        endpoint=_policies(case, "endpoint_policies", Kind.ENDPOINT),
    )


def _check_keys(tree: Case, known: frozenset[str], where: str) -> None:
    for key in tree:
        if key not in known:
            keys = ", ".join(f"`{one}`" for one in sorted(known))
            raise CaseError(f"{where}/{key}: found an unknown key, expected {keys}")


def _policies(case: Case, key: str, kind: Kind) -> tuple[Compiled, ...] | None:
    value = case.get(key)
    return None if value is None else _list(value, f"/{key}", _reader_of(kind))


def _levels(case: Case, key: str, kind: Kind) -> tuple[tuple[Compiled, ...], ...]:
    read = _reader_of(kind)

    def level(value: object, where: str) -> tuple[Compiled, ...]:
        return _list(value, where, read)

    value = case.get(key)
    return () if value is None else _list(value, f"/{key}", level)


def _list(
    value: object, where: str, read: Callable[[object, str], Item]
) -> tuple[Item, ...]:
    if not isinstance(value, list | tuple):
        raise CaseError(f"{where}: found no list")
    return tuple(read(one, f"{where}/{place}") for place, one in enumerate(value))


def _reader_of(kind: Kind) -> Callable[[object, str], Compiled]:
    return lambda value, where: _policy(value, where, kind)


def _policy(value: object, where: str, kind: Kind) -> Compiled:
    if not isinstance(value, Mapping):
        raise CaseError(f"{where}: found no object, expected a policy")
    try:
        text = dump(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise CaseError(f"{where}: found a value that JSON does not have") from error
    try:
        return compile(parse(text, kind=kind))
    except PolicyError as error:
        raise CaseError(f"{where}{error.pointer}: {error.message}") from error


def _read_request(tree: object) -> AuthorizationRequest:
    if not isinstance(tree, Mapping):
        raise CaseError("/request: found no object")
    _check_keys(tree, _REQUEST_KEYS, "/request")
    action = _text(tree, "action")
    service, colon, name = action.partition(":")
    if not (service and colon and name) or ":" in name:
        raise CaseError(f"/request/action: found `{action}`, expected `service:Name`")
    account = "" if tree.get("resource_account") is None else "resource_account"
    try:
        context = Context(_context(tree.get("context")))
        return AuthorizationRequest(
            principal=_principal(_text(tree, "principal"), context),
            action=action,
            resource=_text(tree, "resource"),
            resource_account=account and _text(tree, account),
            context=context,
        )
    except CaseError:
        raise
    except ValueError as error:
        raise CaseError(f"/request: {error}") from error


def _principal(text: str, context: Context) -> Principal:
    """The principal that an ARN names, with what the context says about it.

    An ARN of a session hides the path of its role, and no ARN tells unique ids; a case
    says them with `aws:PrincipalArn` and `aws:userid` (facts 5.2).
    """
    principal = Principal.from_arn(text)
    user_id = context.get("aws:userid")
    arn = context.get("aws:PrincipalArn")
    if principal.kind is PrincipalKind.USER and isinstance(user_id, str):
        return replace(principal, unique_ids=(user_id,))
    if principal.kind is not PrincipalKind.ROLE_SESSION:
        return principal
    if isinstance(user_id, str) and ":" in user_id:
        role_id = user_id.partition(":")[0]
        principal = replace(principal, unique_ids=(role_id, user_id))
    if isinstance(arn, str) and _is_same_role(arn, principal.role_arn):
        principal = replace(principal, role_arn=arn)
    return principal


def _is_same_role(arn: str, pathless: str) -> bool:
    """True when `arn` is the role `pathless`, perhaps with a path."""
    start, _, name = pathless.rpartition("/")
    return arn.startswith(f"{start}/") and arn.rpartition("/")[2] == name


def _text(tree: Case, key: str) -> str:
    value = tree.get(key)
    if not isinstance(value, str) or not value:
        raise CaseError(f"/request/{key}: found no text")
    return value


def _context(tree: object) -> dict[str, str | tuple[str, ...]]:
    if tree is None:
        return {}
    if not isinstance(tree, Mapping):
        raise CaseError("/request/context: found no object")
    return {str(key): _value(str(key), value) for key, value in tree.items()}


def _value(key: str, value: object) -> str | tuple[str, ...]:
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return tuple(map(str, value))
    raise CaseError(
        f"/request/context/{key}: found neither a string nor a list of strings"
    )
