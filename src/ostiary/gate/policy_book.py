"""The policies of buckets, queues, topics and tables: kept here, never upstream.

There is one copy, which decisions read; so an upstream cannot disagree, and one
without policies gets them (decision 0001). Users and roles are kept by their unique
ids and shown by their ARNs (facts 3.4).
"""

from collections.abc import Callable
from dataclasses import replace

from ostiary.gate.recorded import Transactions
from ostiary.identity.model import ResourcePolicy
from ostiary.policy import Document, Kind, PolicyError, parse
from ostiary.services.iam.principals import InvalidPrincipal, resolve, restore
from ostiary.services.iam.roles import find_arn, find_principal
from ostiary.store.port import Change, Reader

Edit = Callable[[str | None], str | None]
"""From the stored text to the text to store; None for no policy."""
Guard = Callable[[str | None], None]
"""Looks at the policy of before, as it is shown, and raises to keep it."""


class PolicyRefused(Exception):  # noqa: N818 - what a service says next is its own
    """A policy that cannot be stored; the message is AWS's wording."""


class PolicyBook:
    """Reads and writes resource policies in the store."""

    def __init__(self, work: Transactions) -> None:
        self._work = work

    async def find(self, arn: str) -> str | None:
        """The policy as it is shown; None when the resource has none."""

        def read(view: Reader) -> str | None:
            return _shown(view, view.find(ResourcePolicy, arn))

        return await self._work.read(read)

    async def put(self, policy: ResourcePolicy, guard: Guard | None = None) -> None:
        """Stores a policy that `check` has accepted.

        Whatever `guard` raises on seeing the policy of before leaves that in place.

        Raises:
            PolicyRefused: a principal does not exist.
        """

        def write(change: Change) -> None:
            if guard is not None:
                guard(_shown(change, change.find(ResourcePolicy, policy.arn)))
            try:
                text = resolve(policy.text, lambda name: find_principal(change, name))
            except InvalidPrincipal as error:
                raise PolicyRefused("Invalid principal in policy") from error
            _store(change, replace(policy, text=text))

        await self._work.change(write)

    async def edit(self, arn: str, account: str, edit: Edit, now: float) -> None:
        """Changes the stored policy in one step, so no other change gets lost (T100).

        Whatever `edit` raises leaves everything as it was.
        """

        def write(change: Change) -> None:
            found = change.find(ResourcePolicy, arn)
            text = edit(None if found is None else found.text)
            if text is not None:
                _store(
                    change,
                    ResourcePolicy(
                        arn=arn, account=account, text=text, updated=int(now)
                    ),
                )
            elif found is not None:
                change.delete(found)

        await self._work.change(write)

    async def delete(self, *arns: str) -> None:
        """Forgets policies; where there is none, nothing happens."""

        def write(change: Change) -> None:
            for arn in arns:
                found = change.find(ResourcePolicy, arn)
                if found is not None:
                    change.delete(found)

        await self._work.change(write)


def check(text: str) -> Document:
    """The policy, taken apart; raises PolicyRefused."""
    try:
        return parse(text, kind=Kind.RESOURCE)
    except PolicyError as error:
        raise PolicyRefused(error.aws_message) from error


def _shown(view: Reader, policy: ResourcePolicy | None) -> str | None:
    if policy is None:
        return None
    return restore(policy.text, lambda unique_id: find_arn(view, unique_id))


def _store(change: Change, policy: ResourcePolicy) -> None:
    if change.find(ResourcePolicy, policy.arn) is None:
        change.insert(policy)
    else:
        change.replace(policy)
