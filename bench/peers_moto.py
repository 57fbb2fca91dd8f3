"""moto's evaluator of IAM policies, the only peer that reads them nearly as they are.

It ignores every operator but `StringEquals`, so the MFA test is written with that. Even
so an absent key passes, so it allows without MFA what asks for MFA: those rows it
cannot do. It has no rule for two accounts, so both sides are asked here.
"""

from collections.abc import Callable
from functools import partial
from importlib.metadata import version

from moto.iam.access_control import IAMPolicy, PermissionResult

from bench.engine import PRESENT, Case, Policy, text_of
from bench.peers import CannotError, has_mfa


class Peer:
    """moto's `IAMPolicy`, read beforehand; its caller adds up the policies."""

    name = f"moto {version('moto')}"
    sample = 1_000

    def prepare(self, case: Case) -> Callable[[], object]:
        """One walk through the policies, as moto's own access control does it."""
        if not case.allowed and not has_mfa(case):
            raise CannotError("an absent key passes, so it allows without MFA")
        own = list(map(_read, case.identity))
        theirs = [_read(case.on_resource)] if case.on_resource else []
        values = {PRESENT: case.context[PRESENT]}
        return partial(_walk, [own, theirs] if theirs else [own], case, values)

    def allowed(self, answer: object) -> bool:
        """What an answer says."""
        return answer is True


def _read(policy: Policy) -> IAMPolicy:
    return IAMPolicy(text_of(policy).replace('"Bool"', '"StringEquals"'))


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
