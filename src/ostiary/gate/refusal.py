"""Whatever went wrong, as the called service would put it; and as the record has it.

Every exception that can stop a request has its line here. One that has none is a
bug of ours: 500, logged with an id, and never a word of it to the client.
"""

import logging
import traceback
from functools import singledispatch

from ostiary.gate.audit import AuditUnavailableError
from ostiary.gate.decisions import Denied
from ostiary.gate.local import NotServed
from ostiary.gate.needs import Unmapped
from ostiary.gate.session_limits import SessionLimit
from ostiary.gate.trail import Trail
from ostiary.services.errors import ServiceError
from ostiary.services.guesses import GuessError
from ostiary.store.applicable import InvalidPolicyError
from ostiary.store.port import StoreUnavailableError
from ostiary.wire import faults
from ostiary.wire.faults import Fault
from ostiary.wire.http import Response
from ostiary.wire.reasons import AuthenticationError
from ostiary.wire.refusals import refuse

log = logging.getLogger("ostiary")


def answer(trail: Trail, error: Exception) -> Response:
    """The refusal on the wire; the trail learns what happened."""
    fault = _fault(error, trail)
    trail.error_code = fault.code
    trail.error_message = fault.message
    if isinstance(error, Denied) and error.encoded:
        # The record says why in the open, so the sealed form stays out of it.
        fault = faults.with_encoded(fault, error.encoded)
    response = faults.render(
        fault,
        trail.service,
        trail.request_id,
        resource=trail.request.path,
        head=trail.request.method == "HEAD",
    )
    if isinstance(error, GuessError) and error.retry_after:
        after = ("retry-after", str(error.retry_after))
        response = Response(
            status=response.status,
            headers=(*response.headers, after),
            body=response.body,
        )
    return response


@singledispatch
def _fault(error: Exception, trail: Trail) -> Fault:
    """A bug: what is not listed below has no other explanation."""
    trail.marks.append("internal_failure")
    trail.why = f"an error of Ostiary itself: {type(error).__name__}"
    # The message may hold what a client sent; the stack says where, and no values.
    frames = traceback.extract_tb(error.__traceback__)
    log.error(
        "internal failure in request %s: %s at %s",
        trail.request_id,
        type(error).__name__,
        " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames)),
    )
    return faults.internal_failure(trail.service)


@_fault.register
def _(error: Fault, trail: Trail) -> Fault:
    trail.why = trail.why or f"the request cannot be read: {error.message}"
    return error


@_fault.register
def _(error: AuthenticationError, trail: Trail) -> Fault:
    trail.marks.append(f"authentication:{error.reason.name.lower()}")
    trail.why = f"the request was not authenticated: {error}"
    return refuse(trail.service, error)


@_fault.register
def _(error: Denied, trail: Trail) -> Fault:
    return faults.access_denied(trail.service, error.sentence)


@_fault.register
def _(error: GuessError, trail: Trail) -> Fault:
    trail.marks.append(error.mark.value)
    if error.is_alarming:
        trail.marks.append(f"many_wrong_{error.what.rpartition(' ')[2]}s")
    trail.why = f"the {error.what} was refused: {error.mark.value}"
    return Fault(error.code, error.message, error.status or 403)


@_fault.register
def _(error: ServiceError, trail: Trail) -> Fault:
    trail.why = trail.why or f"the service refused: {error.message}"
    extra = {"Reason": error.reason} if error.reason else None
    return Fault(error.code, error.message, error.status or 400, extra)


@_fault.register
def _(error: SessionLimit, trail: Trail) -> Fault:
    trail.marks.append("session_limit")
    trail.why = (
        "credentials of this kind can never make this call, whatever policies say"
    )
    return Fault(error.code, error.message, error.status)


@_fault.register(Unmapped)
@_fault.register(NotServed)
def _(error: Exception, trail: Trail) -> Fault:
    """Nobody passes what the gate does not know (T66)."""
    trail.marks.append("unmapped")
    trail.why = (
        f"{error}: Ostiary cannot say which permissions this takes, so it is refused"
    )
    log.warning("refused, unmapped: %s (request %s)", error, trail.request_id)
    return faults.access_denied(trail.service, _not_authorized(trail))


@_fault.register
def _(error: InvalidPolicyError, trail: Trail) -> Fault:
    trail.marks.append("invalid_policy")
    trail.why = f"a policy that applies cannot be evaluated: {error}"
    return faults.access_denied(trail.service, _not_authorized(trail))


@_fault.register
def _(_error: StoreUnavailableError, trail: Trail) -> Fault:
    trail.marks.append("store_unavailable")
    trail.why = "the database did not answer"
    return faults.service_unavailable(trail.service)


@_fault.register
def _(_error: AuditUnavailableError, trail: Trail) -> Fault:
    trail.marks.append("audit_unavailable")
    return faults.service_unavailable(trail.service)


def _not_authorized(trail: Trail) -> str:
    action = f"{trail.service.name}:{trail.operation or 'Unknown'}"
    return f"User: {trail.caller.arn} is not authorized to perform: {action}"
