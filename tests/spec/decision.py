"""The meaning of a decision: facts 3 and 6, told slowly, sharing no code with `src`."""

from typing import Any, NamedTuple

from tests.spec import conditions
from tests.spec.conditions import Scope, filled, fold, holds, like, listed

Json = dict[str, Any]

# Kind: key of the case, in the order of `determining`.
KINDS = {"scp": "scps", "rcp": "rcps", "endpoint": "endpoint_policies"}
KINDS |= {"identity": "identity_policies", "resource": "resource_policy"}
KINDS |= {"boundary": "boundary", "session": "session_policies"}
OUTSIDER = frozenset({"rcp", "endpoint", "resource"})
# Sort of caller: the kinds that must allow, as far as they are there (6.1, 6.3).
NEEDED = {"outsider": OUTSIDER, "root": KINDS.keys() - {"identity"}}
NEEDED |= dict.fromkeys(
    ("user", "role", "assumed-role", "federated-user"), KINDS.keys()
)
# How a resource policy may name the caller, the strongest first; and the kinds that do
# not limit such an Allow in the same account (table 6.2).
DIRECT, ROLE, ACCOUNT = "direct", "role", "account"
UNLIMITED = {DIRECT: {"identity", "boundary", "session"}, ROLE: {"identity"}}
# 6.2: here the resource side must allow explicitly, even in the same account.
TRUST_RULE = ("sts:assumerole", "sts:tagsession", "sts:setsourceidentity")
TRUST_RULE += ("sts:setcontext", "kms:")


class Caller(NamedTuple):
    """Who asks: a key of NEEDED, an account if one answers for it, the spellings by name."""

    sort: str
    account: str | None
    names: dict[str, set[str]]


def caller_of(principal: str, context: Json) -> Caller:
    """The caller, with every name that a policy may call it by (3.4, 5.2)."""
    if not principal.startswith("arn:"):  # the anonymous; services (6.3)
        return Caller("outsider", None, {DIRECT: {principal} - {"anonymous"}})
    _, partition, _, _, account, name = principal.split(":", 5)
    sort, *path = name.split("/")
    if sort not in NEEDED:
        return Caller("outsider", None, {DIRECT: {principal}})
    iam = f"arn:{partition}:iam::{account}:"
    names = {DIRECT if sort == "root" else ACCOUNT: {account, f"{iam}root"}}
    unique_id = str(context.get("aws:userid")).partition(":")[0]
    unique = {unique_id} if unique_id.startswith(("AIDA", "AROA")) else set()
    if sort == "assumed-role":
        # Only aws:PrincipalArn knows the path of the role (5.2).
        told = str(context.get("aws:principalarn"))
        known = told.startswith(f"{iam}role/") and told.endswith(f"/{path[0]}")
        role = told if known else f"{iam}role/{path[0]}"
        names |= {DIRECT: {principal}, ROLE: {role, *unique}}
    elif sort != "root":
        names |= {ROLE if sort == "role" else DIRECT: {principal, *unique}}
    return Caller(sort, account, names)


def named(statement: Json, caller: Caller, *, bounded: bool) -> str | None:
    """How the statement names the caller, or None if it does not mean it (3.4)."""
    element = statement.get("Principal", statement.get("NotPrincipal", "*"))
    groups = [element] if element == "*" else element.values()
    values = {value for group in groups for value in listed(group)}
    found = [n for n in (DIRECT, ROLE, ACCOUNT) if values & caller.names.get(n, set())]
    if "NotPrincipal" not in statement:
        return DIRECT if "*" in values else next(iter(found), None)
    # A Deny spares who is listed by all names and has no boundary. For an Allow the facts
    # do not say; the careful reading leaves out who is listed by any.
    if statement["Effect"] == "Deny":
        spared = ("*" in values or len(found) == len(caller.names)) and not bounded
    else:
        spared = "*" in values or found
    return None if spared else DIRECT


def resource_matches(want: str, got: str, kind: str, scope: Scope) -> bool | None:
    """Six parts, the last with its case and its variables (3.3); None if one has no value."""
    wants, gots = want.split(":", 5), got.split(":", 5)
    if want == "*" or len(gots) < 6:
        return want == "*"  # 3.2: an action without resource is covered by `*` only
    if kind in ("identity", "boundary", "session") or want.endswith("*"):
        wants += ["*"] * (6 - len(wants))  # short ARNs
    plain = scope._replace(variables=False)
    heads = zip(map(fold, wants[:5]), map(fold, gots), strict=False)
    if len(wants) < 6 or not all(like(w, g, plain) for w, g in heads):
        return False
    return None if filled(wants[5], scope) is None else like(wants[5], gots[5], scope)


def matches(statement: Json, kind: str, request: Json, scope: Scope) -> bool:
    """Whether action, resource and condition all match (4.1)."""
    actions = listed(statement.get("Action", statement.get("NotAction")))
    action, plain = fold(request["action"]), scope._replace(variables=False)
    if any(like(fold(a), action, plain) for a in actions) == ("NotAction" in statement):
        return False  # 3.2: both halves without regard to case
    # A trust policy has no resource: its role is meant. A value that cannot be resolved
    # matches nothing (3.5); the careful reading: nor does it widen an Allow.
    wants = listed(statement.get("Resource", statement.get("NotResource", "*")))
    found = [resource_matches(w, request["resource"], kind, scope) for w in wants]
    excepted = True in found or (None in found and not scope.doubt)
    if excepted if "NotResource" in statement else True not in found:
        return False
    return holds(statement.get("Condition", {}), scope)


def tiers(case: Json, kind: str) -> list[list[Json]]:
    """The documents by tier, each of which must allow (6.1); absent, what grants has one."""
    given = case.get(KINDS[kind])
    if given is None:
        return [[]] if kind in ("identity", "resource") else []
    return given if kind in ("scp", "rcp") else [listed(given)]


def statements(document: Json) -> list[Json]:
    """The statements; a document that no one may decide by is refused whole (3.1, T80)."""
    found = listed(document["Statement"])
    known = {statement["Effect"] for statement in found} <= {"Allow", "Deny"}
    if not known or document.get("Version") not in (None, "2008-10-17", "2012-10-17"):
        raise conditions.InvalidCase("unknown effect or version")
    for statement in found:
        for name, keys in statement.get("Condition", {}).items():
            if keys:  # an unknown operator with an empty map is accepted (3.7)
                conditions.operator(name)
    return found


def hits(case: Json, caller: Caller, context: Json) -> list[Json]:
    """Every statement that matches, in order of kind, policy, statement."""
    found = []
    bounded = case.get("boundary") is not None
    for kind in KINDS:
        levels = enumerate(tiers(case, kind))
        flat = [(tier, document) for tier, level in levels for document in level]
        for policy, (tier, document) in enumerate(flat):
            new = document.get("Version") == "2012-10-17"
            for place, statement in enumerate(statements(document)):
                effect = statement["Effect"]
                scope = Scope(context, variables=new, doubt=effect == "Deny")
                name = named(statement, caller, bounded=bounded)
                concerned = (kind, caller.sort) != ("scp", "outsider")  # 6.3
                matching = name and matches(statement, kind, case["request"], scope)
                if concerned and matching:
                    hit = {"kind": kind, "policy": policy, "statement": place}
                    hit |= {"sid": statement.get("Sid"), "effect": effect}
                    found.append(hit | {"tier": tier, "name": name})
    return found


def needed(request: Json, caller: Caller, name: str) -> set[str]:
    """The kinds that must all allow, if the resource policy names the caller so."""
    kinds, action = NEEDED[caller.sort], fold(request["action"])
    own = ":".join(request["resource"].split(":", 5)[4:5])
    owner = request.get("resource_account") or own or caller.account
    if caller.account != owner:
        return kinds  # 6.3: both accounts must say yes, however the caller is named
    keyless = action.startswith("kms:") and request["resource"] == "*"  # no key policy
    if caller.account and (keyless or not action.startswith(TRUST_RULE)):
        kinds = kinds - {"resource"}
    return kinds - UNLIMITED.get(name, set())


def decide(case: Json) -> Json:
    """The answer to a case, both as `product.md` says under `decide`."""
    request, answer = case["request"], {"id": case.get("id")}
    given = request.get("context", {}).items()
    context = {fold(key): value for key, value in given if value != []}  # 4.4: no value
    try:
        caller = caller_of(request["principal"], context)
        if caller.sort == "federated-user":
            # 6.1: without one it may do nothing.
            case = {**case, "session_policies": case.get("session_policies") or []}
        found = hits(case, caller, context)
    except conditions.InvalidCase as error:
        return answer | {"error": str(error)}
    shown, missing = [hit for hit in found if hit["effect"] == "Deny"], []
    decision = "ExplicitlyDenied"  # 6.1: a Deny in any policy is final
    if not shown:  # else all the kinds needed must allow, each at all its tiers
        names = [hit["name"] for hit in found if hit["kind"] == "resource"]
        name = next((name for name in (DIRECT, ROLE) if name in names), ACCOUNT)
        kinds = needed(request, caller, name)
        said = {(hit["kind"], hit["tier"]) for hit in found}
        for kind in (kind for kind in KINDS if kind in kinds):
            if any((kind, t) not in said for t, _ in enumerate(tiers(case, kind))):
                missing = [*missing, kind]
        decision = "ImplicitlyDenied" if missing else "Allowed"
        granting = () if missing else {"identity", "resource"} & kinds or {"resource"}
        shown = [hit for hit in found if hit["kind"] in granting]
    keys = ("kind", "policy", "statement", "sid")
    shown = [{key: hit[key] for key in keys} for hit in shown]
    return answer | {"decision": decision, "determining": shown, "missing": missing}
