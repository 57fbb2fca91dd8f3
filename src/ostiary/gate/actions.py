"""Step 3, require: which permissions a request takes.

The answer comes from reviewed tables in `data/actions`, one row an operation. What
has no row, or cannot be read in exactly one way, is `Unmapped`, and the gate refuses
it: nothing passes of which nobody knows what it does (T65, T66).
"""

from ostiary.gate.needs import Asked, Need, Unclear, Unmapped
from ostiary.gate.rows import SERVICES, rows_of
from ostiary.identity.caller import Caller
from ostiary.store.snapshot import Snapshot
from ostiary.wire.catalog import Target
from ostiary.wire.http import Request

__all__ = ["Need", "Unmapped", "required"]


def required(
    target: Target, request: Request, caller: Caller, snapshot: Snapshot, region: str
) -> tuple[Need, ...]:
    """The permissions that a request takes; each must be allowed.

    The result is empty for the few operations that policies can neither allow nor
    deny, and only for them: their rows say so, with the reason (facts 7.2, M26).

    Args:
        target: what is asked, read once.
        request: as it arrived, its signature verified.
        caller: who asks.
        snapshot: for paths, tags and owners of what is named.
        region: of the verified credential scope.

    Raises:
        Unmapped: nobody has decided what this request takes.
    """
    service, operation = target.service.name, target.operation
    if service not in SERVICES or not target.modelled:
        raise Unmapped(service, operation, "the service has no table")
    rows = rows_of(service)
    row = rows.needs.get(operation)
    if row is None:
        if operation in rows.free:
            return ()
        why = rows.refused.get(operation, "the operation has no row")
        raise Unmapped(service, operation, why)
    asked = Asked(
        target=target,
        request=request,
        caller=caller,
        snapshot=snapshot,
        region=region,
    )
    try:
        needs = row(asked)
    except Unclear as error:
        raise Unmapped(service, operation, str(error)) from error
    if not needs:
        raise Unmapped(service, operation, "the request takes no permission at all")
    return needs
