"""Do the two tellings agree on a case? Each difference is a sentence."""

from typing import Any

from tests.spec.conditions import fold
from tests.spec.decision import caller_of, hits

Json = dict[str, Any]
Entry = tuple[str, int, int, str | None]


def entries(determining: list[Json]) -> set[Entry]:
    """The statements that determined, without order; no Sid and an empty one are equal."""
    return {
        (e["kind"], e["policy"], e["statement"], e.get("sid") or None)
        for e in determining
    }


def allowing(case: Json) -> set[Entry]:
    """Every matching Allow statement of the case, as the spec sees it."""
    given = case["request"].get("context", {}).items()
    context = {fold(key): value for key, value in given if value != []}
    caller = caller_of(case["request"]["principal"], context)
    return entries(
        [hit for hit in hits(case, caller, context) if hit["effect"] == "Allow"]
    )


def difference(case: Json, spec: Json, engine: Json) -> str | None:
    """What the two answers differ in, the gravest first, or None."""
    if "error" in spec or "error" in engine:
        both = "error" in spec and "error" in engine
        return None if both else f"error: {spec.get('error')} | {engine.get('error')}"
    if spec["decision"] != engine["decision"]:
        return f"decision: {spec['decision']} | {engine['decision']}"
    ours, theirs = entries(spec["determining"]), entries(engine["determining"])
    if not determines(case, spec["decision"], ours, theirs):
        return f"determining: {ours} | {theirs}"
    # Facts 6.4: of the kinds that said nothing, any may be reported, but one must be.
    silent, told = set(spec["missing"]), set(engine["missing"])
    fine = told <= silent and bool(told) == bool(silent)
    return None if fine else f"missing: {spec['missing']} | {engine['missing']}"


def determines(case: Json, decision: str, ours: set[Entry], theirs: set[Entry]) -> bool:
    """Whether the engine's statements can have determined the decision.

    A denial names exactly the statements that the spec names. An allow names some of
    those that allowed, and none only if the spec names none, as for root.
    """
    if decision != "Allowed":
        return ours == theirs
    return bool(theirs or not ours) and theirs <= allowing(case)
