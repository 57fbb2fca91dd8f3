"""The six steps of every request, in order. The one place that says Allow.

  1 identify      which service is called, so that every answer is in its own shape
  2 authenticate  who asks: signature, session token, token code
  3 require       what that takes: actions on resources, in a context
  4 decide        by the policies; every need must be allowed
  5 perform       here for IAM, STS and Organizations, upstream for the rest
  6 record        before the answer leaves

Whatever goes wrong on the way ends in a refusal (P3): step 5 is reached only after
`Decider.decide` returned, and that returns only when every need was allowed.
"""

from dataclasses import dataclass, field

from ostiary.gate import refusal
from ostiary.gate.actions import required
from ostiary.gate.admitted import Admitted
from ostiary.gate.assertions import Assertions, brings_assertion, check_signed
from ostiary.gate.audit import AuditLog, AuditUnavailableError
from ostiary.gate.authenticate import Authenticator, RingBehindError, check_payload
from ostiary.gate.decisions import Decider
from ostiary.gate.doorway import Doorway
from ostiary.gate.local import Local, answer_to
from ostiary.gate.needs import Unmapped, request_context
from ostiary.gate.session_limits import check_session
from ostiary.gate.token_codes import TokenCodes
from ostiary.gate.trail import Trail, record_of
from ostiary.gate.uses import Seen
from ostiary.identity import ids
from ostiary.identity.ids import Mint
from ostiary.services.parameters import check_parameters
from ostiary.store.snapshot import Snapshot
from ostiary.wire import answer, catalog, sigv4
from ostiary.wire.catalog import Target
from ostiary.wire.claim import Claim
from ostiary.wire.faults import Fault
from ostiary.wire.http import Request, Response
from ostiary.wire.reasons import AuthenticationError

LOCAL = frozenset({"iam", "organizations", "sts"})
HOME_REGION = "us-east-1"
IDS_AT_ONCE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Everything that the six steps need."""

    snapshot: Snapshot
    authenticator: Authenticator
    token_codes: TokenCodes
    assertions: Assertions
    decider: Decider
    local: Local
    door: Doorway
    audit: AuditLog
    mint: Mint
    hosts: tuple[str, ...]
    seen: Seen = field(default_factory=Seen, init=False)
    """What was used, for those who ask when."""
    spare_ids: list[str] = field(default_factory=list, init=False)
    """Request ids that are made already."""

    async def handle(self, request: Request, now: float) -> Response:
        """The answer to any request; it never raises."""
        if not self.spare_ids:
            self.spare_ids.extend(ids.request_ids(self.mint, IDS_AT_ONCE))
        trail = Trail(
            request_id=self.spare_ids.pop(),
            request=request,
            now=now,
            revision=self.snapshot.revision,
        )
        try:
            response = await self._pass(trail)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a refusal
            response = refusal.answer(trail, error)
        try:
            if self._record(trail, response):
                await self.audit.sync()
        except AuditUnavailableError as error:
            # No answer goes out unrecorded (P6).
            return refusal.answer(trail, error)
        return response

    async def _pass(self, trail: Trail) -> Response:
        """Steps 1 to 5; whatever is wrong is raised."""
        claim = self._identify(trail)
        service = trail.service.name
        prove = self.authenticator.authenticate
        try:
            proven = prove(trail.request, claim, service, trail.now)
        except RingBehindError:
            await self.authenticator.read_ring_again()
            proven = prove(trail.request, claim, service, trail.now)
        trail.caller, request = proven
        target = self._read(trail, request, claim)
        service = target.service.name
        if self.token_codes.takes(service, target.operation):
            trail.caller = await self.token_codes.verify_call(
                target.params, trail.caller, trail.now
            )
        elif brings_assertion(service, target.operation):
            # Whoever signed such a call does not count: the provider's word does.
            trail.caller = await self.assertions.prove(
                target.operation, target.params, trail.now
            )
        needs = required(target, request, trail.caller, self.snapshot, trail.region)
        self.seen.note(trail, needs)
        if needs:
            connection = request_context(request, trail.now, trail.region)
            self.decider.decide(trail, trail.caller, needs, connection)
        # Step 5 where nothing is left to do: the answer is the caller's own.
        begun = answer_to(trail.caller, service, target.operation)
        if begun is not None:
            return answer.finish(begun, trail.request_id)
        if service not in LOCAL:
            return await self.door.perform(
                Admitted(
                    target=target,
                    request=request,
                    caller=trail.caller,
                    needs=needs,
                    claim=claim,
                    region=trail.region,
                    request_id=trail.request_id,
                    now=trail.now,
                    note=trail.store_in,
                )
            )
        return await self._perform(trail, target)

    def _identify(self, trail: Trail) -> Claim | None:
        """Step 1: which service; known even when the claim cannot be read."""
        request = trail.request
        try:
            claim = sigv4.read_claim(request)
        except AuthenticationError:
            trail.service = catalog.route(request, None)
            raise
        trail.service = catalog.route(request, claim)
        trail.region = HOME_REGION
        if claim is not None:
            trail.access_key_id = claim.access_key_id
            trail.region = claim.region
        return claim

    def _read(self, trail: Trail, request: Request, claim: Claim | None) -> Target:
        """What is asked, if such a request may ask it with such credentials at all."""
        try:
            target = catalog.read(request, trail.service, hosts=self.hosts)
        except Fault:
            check_signed(trail.caller, trail.service.name, catalog.peek(request))
            raise
        trail.operation = target.operation
        service, operation = target.service.name, target.operation
        check_payload(trail.request, claim, upload=target.upload)
        if claim is None:
            check_signed(trail.caller, service, operation)
        if not brings_assertion(service, operation):
            check_session(trail.caller, service, operation)
        check_parameters(service, operation, target.params)
        if not target.modelled:
            raise Unmapped(service, target.operation, "nobody has read its parameters")
        return target

    async def _perform(self, trail: Trail, target: Target) -> Response:
        """Step 5 for what is carried out here: reached by an Allow only."""
        result = await self.local.perform(trail, target, trail.caller)
        return answer.write(target.service, target.operation, result, trail.request_id)

    def _record(self, trail: Trail, response: Response) -> bool:
        """Step 6: the record is written; whether it has to be on disk, too."""
        copy_of = trail.request_id if trail.is_stored else ""
        self.audit.write(record_of(trail, response.status), copy_of=copy_of)
        return self.local.must_sync(
            trail.service.name, trail.operation, response.status
        )
