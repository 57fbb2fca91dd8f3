"""The meaning of a decision: facts sections 3 and 6, told slowly.

`decide` takes and gives the objects of the `decide` command (see `product.md`).
Shares no code with `src`; plain Python over JSON dicts.
"""

from typing import NamedTuple

from tests.spec.conditions import InvalidCase, Scope, fits, fold, holds, listed, operator

KINDS = {  # in the order in which statements are reported: kind: key of the case
    "scp": "scps",
    "rcp": "rcps",
    "endpoint": "endpoint_policies",
    "identity": "identity_policies",
    "resource": "resource_policy",
    "boundary": "boundary",
    "session": "session_policies",
}
WITHOUT_PRINCIPAL = {"identity", "boundary", "session", "scp"}  # 3.1
PADDED = {"identity", "boundary", "session"}  # 3.3: how short ARNs are read

# What an Allow in a resource policy of the same account is limited by (table 6.2).
DIRECT = "direct"  # nothing: named the user or the session itself, or everyone
ROLE = "role"  # boundary and session policy: named the role of the session
ACCOUNT = "account"  # everything: named the account, which only delegates

OUTSIDER, ROOT, USER, SESSION, FEDERATED = "outsider", "root", "user", "session", "federated"


class Caller(NamedTuple):
    """Who asks: its sort, its account, and each of its names with its spellings."""

    sort: str
    account: str | None
    names: list  # of (spellings, what an Allow for that name is limited by)
    bounded: bool


class Hit(NamedTuple):
    """A statement that matched the request."""

    kind: str
    policy: int
    statement: int
    sid: str | None
    effect: str
    tier: int  # which level of the organization, for SCPs and RCPs
    grant: str | None  # resource policies: what the Allow is limited by

    def shown(self):
        """The entry of `determining`."""
        return {k: getattr(self, k) for k in ("kind", "policy", "statement", "sid")}


# Who (3.4, 5.2).


def caller_of(case, context):
    """The caller, from the principal of the request."""
    principal = case["request"]["principal"]
    bounded = case.get("boundary") is not None
    if principal == "anonymous":
        return Caller(OUTSIDER, None, [], bounded=False)
    if not principal.startswith("arn:"):  # a service, or a web identity provider
        return Caller(OUTSIDER, None, [({principal}, DIRECT)], bounded=False)
    _, partition, service, _, account, name = principal.split(":", 5)
    sort = name.split("/")[0]
    here = ({account, f"arn:{partition}:iam::{account}:root"}, ACCOUNT)
    unique_id = str(context.get("aws:userid")).split(":")[0]  # 3.4, last row
    if (service, name) == ("iam", "root"):
        return Caller(ROOT, account, [here], bounded=False)
    if (service, sort) == ("iam", "user"):
        return Caller(USER, account, [({principal, unique_id}, DIRECT), here], bounded)
    if (service, sort) == ("iam", "role"):
        return Caller(SESSION, account, [({principal, unique_id}, ROLE), here], bounded)
    if (service, sort) == ("sts", "assumed-role"):
        role = role_of(principal, context)
        names = [({principal}, DIRECT), ({role, unique_id}, ROLE), here]
        return Caller(SESSION, account, names, bounded)
    if (service, sort) == ("sts", "federated-user"):
        return Caller(FEDERATED, account, [({principal}, DIRECT), here], bounded)
    if (service, sort) in (("iam", "saml-provider"), ("iam", "oidc-provider")):
        return Caller(OUTSIDER, None, [({principal}, DIRECT)], bounded=False)
    raise InvalidCase(f"unknown principal `{principal}`")


def role_of(session_arn, context):
    """The ARN of the session's role; the path is known from aws:PrincipalArn only (5.2)."""
    _, partition, _, _, account, name = session_arn.split(":", 5)
    role, told = name.split("/")[1], context.get("aws:principalarn")
    start = f"arn:{partition}:iam::{account}:role/"
    if isinstance(told, str) and told.startswith(start) and told.split("/")[-1] == role:
        return told
    return start + role


def values_of(element):
    """Every principal that an element lists; types and lists are ORed (3.4)."""
    if element == "*":
        return {"*"}
    return {value for values in element.values() for value in listed(values)}


def grant_of(statement, caller):
    """What the statement's principal part limits an Allow by; None if it does not match."""
    if "NotPrincipal" in statement:
        return DIRECT if outside(statement, caller) else None
    if "Principal" not in statement:
        return DIRECT
    values = values_of(statement["Principal"])
    limits = {limit for spellings, limit in caller.names if spellings & values}
    if "*" in values or DIRECT in limits:
        return DIRECT
    return ROLE if ROLE in limits else ACCOUNT if limits else None


def outside(statement, caller):
    """Whether NotPrincipal leaves the caller in (3.4).

    To be exempt from a Deny, all names of the caller (account, role, session) must be
    listed; a boundary makes every exemption void. For an Allow, the careful reading:
    one listed name shuts the caller out.
    """
    values = values_of(statement["NotPrincipal"])
    named = [bool(spellings & values) for spellings, _ in caller.names]
    if statement["Effect"] == "Deny":
        return caller.bounded or not ("*" in values or (named and all(named)))
    return not ("*" in values or any(named))


# What (3.2, 3.3).


def action_matches(pattern, action):
    """Both halves without regard to case; `*` and `?` anywhere (3.2)."""
    return fits(fold(pattern), fold(action), Scope({}, variables=False, doubt=False), wild=True)


def resource_matches(pattern, resource, kind, scope):
    """Six parts, each by itself; the last one with its case and its variables (3.3)."""
    if pattern == "*":
        return True
    wants, gots = pattern.split(":", 5), resource.split(":", 5)
    if len(gots) < 6:
        return False  # an action without resource level is covered by `*` only (3.2)
    if len(wants) < 6:
        if kind == "rcp":
            raise InvalidCase(f"short resource ARN `{pattern}`")
        if kind not in PADDED and not pattern.endswith("*"):
            return False
        wants += ["*"] * (6 - len(wants))
    plain = scope._replace(variables=False)
    return all(
        fits(fold(want), fold(got), plain, wild=True)
        for want, got in zip(wants[:5], gots[:5], strict=True)
    ) and fits(wants[5], gots[5], scope, wild=True)


def grant_if_matches(statement, kind, case, caller, scope):
    """The grant of a statement all of whose parts match the request (4.1), else None."""
    request = case["request"]
    if kind in WITHOUT_PRINCIPAL:
        grant = DIRECT
    else:
        grant = grant_of(statement, caller)
    if grant is None:
        return None
    patterns = listed(statement.get("Action", statement.get("NotAction")))
    if any(action_matches(p, request["action"]) == ("NotAction" in statement) for p in patterns):
        pass
    return grant
