"""The policies of buckets, queues, topics and tables: kept here, never upstream.

There is one copy, which decisions read; so an upstream cannot disagree, and one
without policies gets them (decision 0001). Users and roles are kept by their unique
ids and shown by their ARNs (facts 3.4).
"""

from collections.abc import Callable

from ostiary.gate.work import Work
from ostiary.identity.model import ResourcePolicy
from ostiary.policy import Document, Kind, PolicyError, parse
from ostiary.services.iam.principals import InvalidPrincipal, resolve, restore
from ostiary.services.iam.roles import find_arn, find_principal
from ostiary.store.port import Change, Reader

Edit = Callable[[str | None], str | None]
"""From the stored text to the text to store; None for no policy."""


class PolicyRefused(Exception):  # noqa: N818 - what a service says next is its own
    """A policy that cannot be stored; the message is AWS's wording."""


class PolicyBook:
    """Reads and writes resource policies in the store."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def find(self, arn: str) -> str | None:
        """The policy as it is shown; None when the resource has none."""

        def read(view: Reader) -> str | None:
            found = view.find(ResourcePolicy, arn)
            if found is None:
                return None
            return restore(found.text, lambda unique_id: find_arn(view, unique_id))

        return await self._work.read(read)

    async def put(self, arn: str, account: str, text: str, now: float) -> None:
        """Stores a policy that `check` has accepted.

        Raises:
            PolicyRefused: a principal does not exist.
        """

        def write(change: Change) -> None:
            try:
                stored = resolve(text, lambda name: find_principal(change, name))
            except InvalidPrincipal as error:
                raise PolicyRefused("Invalid principal in policy") from error
            _store(change, (arn, account), stored, now)

        await self._work.change(write)

    async def edit(self, arn: str, account: str, edit: Edit, now: float) -> None:
        """Changes the stored policy in one step, so no other change gets lost (T100).

        Whatever `edit` raises leaves everything as it was.
        """

        def write(change: Change) -> None:
            found = change.find(ResourcePolicy, arn)
            _store(
                change, (arn, account), edit(None if found is None else found.text), now
            )

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


def _store(
    change: Change, place: tuple[str, str], text: str | None, now: float
) -> None:
    arn, account = place
    found = change.find(ResourcePolicy, arn)
    if text is None:
        if found is not None:
            change.delete(found)
        return
    policy = ResourcePolicy(arn=arn, account=account, text=text, updated=int(now))
    if found is None:
        change.insert(policy)
    else:
        change.replace(policy)
