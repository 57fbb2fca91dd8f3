"""Ours, on the workload of `bench.engine`: decisions, compiling, touch, memory."""

import gc
import statistics
import time
import tracemalloc
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from bench.engine import PRINCIPALS, Case, Policy, managed_policy, principals, text_of
from ostiary.policy import (
    AuthorizationRequest,
    Compiled,
    Context,
    Decision,
    Document,
    Kind,
    PolicySet,
    Principal,
    attach,
    compile,  # noqa: A004 - the field's own word
    decide,
    parse,
)


class Ours:
    """The engine as the gate uses it; equal documents are compiled once."""

    name = "ostiary"
    sample = PRINCIPALS

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, Kind], Compiled] = {}

    def prepare(self, case: Case) -> Callable[[], object]:
        """One decision, ready to be made."""
        return partial(decide, request_of(case), self.policies_of(case))

    def policies_of(self, case: Case) -> PolicySet:
        """The policies of a case, with the index that a principal keeps."""
        kind = Kind.TRUST if case.trust else Kind.RESOURCE
        own = tuple(self.compiled(one, Kind.IDENTITY) for one in case.identity)
        return PolicySet(
            identity=attach(Kind.IDENTITY, own),
            resource=case.on_resource and self.compiled(case.on_resource, kind),
            resource_kind=kind,
        )

    def compiled(self, policy: Policy, kind: Kind) -> Compiled:
        """The policy, compiled once per text."""
        text = text_of(policy)
        found = self._compiled.get((text, kind))
        if found is None:
            found = self._compiled[text, kind] = compile(parse(text, kind=kind))
        return found

    @staticmethod
    def allowed(answer: object) -> bool:
        """What an answer says; an Allow must name the statements that made it."""
        assert isinstance(answer, Decision)
        assert not answer.is_allowed or answer.determining
        return answer.is_allowed


def request_of(case: Case) -> AuthorizationRequest:
    """The request of a case."""
    return AuthorizationRequest(
        principal=Principal.from_arn(case.who),
        action=case.action,
        resource=case.resource,
        resource_account=case.owner,
        context=Context(case.context),
    )


# --- compiling, first touch, memory ------------------------------------------------


def costs() -> dict[str, float]:
    """Microseconds and ratios beside the decisions."""
    text = managed_policy()
    document = parse(text, strict=True)
    return {
        "text_characters": len(text),
        "parse_us": _median(lambda: parse(text)),
        "compile_us": _median(lambda: compile(document)),
        "compile_all_statements_us": _median(lambda: compile(document).statements),
        "compiled_size_ratio": round(_size_ratio(text), 2),
        **_first_touch(),
        **_memory(),
    }


def _median(work: Callable[[], object], times: int = 200) -> float:
    spent = []
    for _ in range(times):
        started = time.process_time()
        work()
        spent.append((time.process_time() - started) * 1e6)
    return round(statistics.median(spent), 2)


def _used() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def _size_ratio(text: str) -> float:
    """Document, index and every statement bound, to the text's characters."""
    assert compile(parse(text)).statements
    tracemalloc.start()
    before = _used()
    policy = compile(parse(text))
    assert policy.statements
    after = _used()
    tracemalloc.stop()
    return (after - before) / len(text)


def _first_touch() -> dict[str, float]:
    """The first decision for a principal, from its documents and from their texts.

    The worst principal has five policies that nobody had before; the usual one shares
    four of them with others.
    """
    figures = {}
    for name, cases in (("usual", _touched(shared=True)), ("worst", _touched())):
        for source, make in (("parsed", _from_documents), ("text", _from_texts)):
            spent = [_touch(case, make) for case in cases]
            figures[f"first_touch_{name}_from_{source}_us"] = round(
                statistics.median(spent), 2
            )
    return figures


def _touched(*, shared: bool = False) -> list[Case]:
    cases = list(principals(600).cases)
    if shared:
        return cases
    return [_nobody_elses(number, case) for number, case in enumerate(cases)]


def _nobody_elses(number: int, case: Case) -> Case:
    """The case, its policies made unlike those of every other principal."""
    identity = tuple(
        tuple({**tree, "Sid": f"U{number}X{place}"} for place, tree in enumerate(one))
        for one in case.identity
    )
    return Case(**{**case.__dict__, "identity": identity})


_shared_document = cache(partial(parse, kind=Kind.IDENTITY))
_shared_compiled = cache(lambda text: compile(_shared_document(text)))


def _from_documents(document: Document | str) -> Compiled:
    assert isinstance(document, Document)
    return compile(document)


def _from_texts(text: Document | str) -> Compiled:
    assert isinstance(text, str)
    return compile(parse(text))


def _touch(case: Case, make: Callable[[Any], Compiled]) -> float:
    """Microseconds to the first answer; what others had touched before stays so."""
    request = request_of(case)
    ready: list[tuple[Compiled | None, Any]] = []
    for policy in case.identity:
        text = text_of(policy)
        is_shared = "Sid" not in policy[0] and len(policy) > 1
        if is_shared:
            _shared_compiled(text).candidates(request.normal_action)
        source: Any = _shared_document(text) if make is _from_documents else text
        ready.append((_shared_compiled(text) if is_shared else None, source))
    started = time.process_time()
    policies = tuple([found or make(source) for found, source in ready])
    answer = decide(request, PolicySet(identity=attach(Kind.IDENTITY, policies)))
    spent = (time.process_time() - started) * 1e6
    assert answer.is_allowed is case.allowed
    return spent


def _memory() -> dict[str, float]:
    """Megabytes for 10,000 principals, before and after each was asked about."""
    cases = list(principals().cases)
    requests = [request_of(case) for case in cases]
    ours = Ours()
    tracemalloc.start()
    before = _used()
    policies = [ours.policies_of(case) for case in cases]
    ours._compiled.clear()  # noqa: SLF001 - the texts are the store's to keep
    loaded = _used()
    for request, one in zip(requests, policies, strict=True):
        decide(request, one)
    touched = _used()
    tracemalloc.stop()
    return {
        "memory_10000_principals_mb": round((loaded - before) / 1e6, 1),
        "memory_10000_principals_asked_mb": round((touched - before) / 1e6, 1),
    }
