"""The way to the door, which is built when the first request goes through it.

All that it knows about resource policies and upstreams takes long to load, and IAM
and STS need none of it.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from ostiary.gate.admitted import Admitted
from ostiary.gate.work import Work
from ostiary.store.snapshot import Snapshot
from ostiary.wire.http import Response

if TYPE_CHECKING:
    from ostiary.gate.door import Door
    from ostiary.gate.forward import Forwarder
    from ostiary.gate.visit import Verify


class Doorway:
    """Performs admitted requests, as `Door` does, whose arguments it takes."""

    def __init__(
        self,
        forwarder: "Forwarder",
        work: Work,
        snapshot: Snapshot,
        verify: "Verify",
    ) -> None:
        self._forwarder = forwarder
        self._work = work
        self._snapshot = snapshot
        self._verify = verify

    @cached_property
    def _door(self) -> "Door":
        from ostiary.gate.door import Door  # noqa: PLC0415 - slow, see above

        return Door(self._forwarder, self._work, self._snapshot, self._verify)

    async def perform(self, admitted: Admitted) -> Response:
        """The answer to a request that has been allowed; raises Fault."""
        return await self._door.perform(admitted)

    async def forget_sandbox(self) -> None:
        """Forgets policies and owners of what the sandbox held before it ended."""
        if self._snapshot.owned or self._snapshot.resource_policies:
            await self._door.forget_sandbox()
