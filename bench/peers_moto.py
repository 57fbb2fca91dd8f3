"""moto's evaluator of IAM policies, the only peer that reads them nearly as they are.

It is asked as moto asks it for each request: by `check_action_permitted` of its access
control, which gathers the user's policies from moto's IAM and reads them; the policy on
the resource is read each time too, as moto does with a role's trust policy. What the
walk alone costs, with every policy read beforehand (which moto never does), is
`Walk`'s figure.

It ignores every operator but `StringEquals`, so the MFA test is written with that. Even
so an absent key passes, so it allows without MFA what asks for MFA: those rows it
cannot do. It has no rule for two accounts, so both sides are asked here.
"""

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from itertools import count

from moto.core.exceptions import AccessDeniedError
from moto.iam.access_control import IAMPolicy, IAMRequest, PermissionResult
from moto.iam.models import iam_backends

from bench.engine import PRESENT, Case, Policy, text_of
from bench.peers import CannotError, has_mfa

_numbers = count()


class Peer:
    """moto, asked for a decision as one of its requests asks."""

    name = f"moto {version('moto')}"
    sample = 1_000

    def prepare(self, case: Case) -> Callable[[], object]:
        """A request of a user who has the case's policies in moto's IAM."""
        _refuse_without_mfa(case)
        account = case.who.split(":")[4]
        request = _request(account, _user(account, case), case.action)
        theirs = _text(case.on_resource) if case.on_resource else None
        return partial(_decide, request, theirs, case, _values(case))

    def allowed(self, answer: object) -> bool:
        """What an answer says."""
        return answer is True


class Walk:
    """The walk through policies that were read beforehand."""

    name = f"moto {version('moto')}, read before"
    sample = 1_000

    def prepare(self, case: Case) -> Callable[[], object]:
        """One walk through the policies."""
        _refuse_without_mfa(case)
        own = [IAMPolicy(_text(one)) for one in case.identity]
        theirs = [IAMPolicy(_text(case.on_resource))] if case.on_resource else []
        return partial(_walk, [own, theirs] if theirs else [own], case, _values(case))

    def allowed(self, answer: object) -> bool:
        """What an answer says."""
        return answer is True


def _refuse_without_mfa(case: Case) -> None:
    if not case.allowed and not has_mfa(case):
        raise CannotError("an absent key passes, so it allows without MFA")


def _text(policy: Policy) -> str:
    return text_of(policy).replace('"Bool"', '"StringEquals"')


def _values(case: Case) -> dict[str, str]:
    return {PRESENT: case.context[PRESENT]}


def _user(account: str, case: Case) -> str:
    """The access key of a new user who has the case's policies."""
    iam = iam_backends[account]["aws"]
    name = f"user{next(_numbers)}"
    iam.create_user("us-east-1", name)
    for place, policy in enumerate(case.identity):
        iam.put_user_policy(name, f"policy{place}", _text(policy))
    key: str = iam.create_access_key(name).access_key_id
    return key


def _request(account: str, key: str, action: str) -> IAMRequest:
    service, _, name = action.partition(":")
    scope = f"{key}/20261124/us-east-1/{service}/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, Signature=x,"}
    return IAMRequest(account, "POST", "/", {}, b"", headers, name)


def _decide(
    request: IAMRequest, theirs: str | None, case: Case, values: dict[str, str]
) -> bool:
    try:
        request.check_action_permitted(case.resource)
    except AccessDeniedError:
        return False
    return theirs is None or _side([IAMPolicy(theirs)], case, values)


def _walk(sides: list[list[IAMPolicy]], case: Case, values: dict[str, str]) -> bool:
    return all(_side(side, case, values) for side in sides)


def _side(policies: list[IAMPolicy], case: Case, values: dict[str, str]) -> bool:
    permitted = False
    for policy in policies:
        found = policy.is_action_permitted(case.action, case.resource, None, values)
        if found is PermissionResult.DENIED:
            return False
        permitted = permitted or found is PermissionResult.PERMITTED
    return permitted


PEERS = (Peer, Walk)
