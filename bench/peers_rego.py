"""regopy (rego-cpp): a bundle compiled beforehand, the policies as its data.

The statements are kept by action, as OPA's own guide advises; those with a wildcard
stand apart. regorus has no package for Python in the registry.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import regopy

from bench.engine import Case
from bench.peers import CannotError, Grant, grants_of, has_mfa

_MODULE = """
package bench

covers(s) if { some p in s.prefixes; startswith(input.resource, p) }
covers(s) if { some t in s.exact; t == input.resource }
safe(s) if { s.mfa == false }
safe(s) if { input.mfa == true }
named(s) if { count(s.accounts) == 0 }
named(s) if { some a in s.accounts; a == input.account }
applies(s) if { covers(s); safe(s); named(s) }
permitted if { some s in data.named[input.action]; s.allow == true; applies(s) }
permitted if {
  some s in data.wild; s.allow == true; startswith(input.action, s.action); applies(s)
}
denied if { some s in data.named[input.action]; s.allow == false; applies(s) }
denied if {
  some s in data.wild; s.allow == false; startswith(input.action, s.action); applies(s)
}
default allowed := false
allowed if { permitted; not denied }
"""
_ENTRY = "bench/allowed"


class Peer:
    """rego-cpp with one bundle for each principal."""

    name = f"regopy {regopy.__version__.split()[0]}"
    sample = 50

    def prepare(self, case: Case) -> Callable[[], object]:
        """One query of the bundle's entry point; its input is made beforehand."""
        maker = regopy.Interpreter()
        maker.add_module("bench.rego", _MODULE)
        maker.add_data(_data(grants_of(case)))
        bundle = maker.build(None, [_ENTRY])
        if not bundle.ok:
            raise CannotError("does not build the bundle")
        asked = {
            "action": case.action,
            "resource": case.resource,
            "account": case.who.split(":")[4],
            "mfa": has_mfa(case),
        }
        return partial(_ask, regopy.Interpreter(), bundle, regopy.Input(asked))

    def allowed(self, answer: object) -> bool:
        """What an answer says."""
        assert isinstance(answer, regopy.Output)
        found: Any = answer.results[0].expressions[0]
        return found is True


def _ask(
    interpreter: regopy.Interpreter, bundle: regopy.Bundle, asked: regopy.Input
) -> regopy.Output:
    interpreter.set_input(asked)
    return interpreter.query_bundle_entrypoint(bundle, _ENTRY)


def _data(grants: list[Grant]) -> dict[str, Any]:
    named: dict[str, list[dict[str, Any]]] = {}
    wild: list[dict[str, Any]] = []
    for grant in grants:
        for action in grant.actions:
            row = {
                "allow": grant.allow,
                "mfa": grant.mfa,
                "accounts": list(grant.accounts),
                "prefixes": [r[:-1] for r in grant.resources if r.endswith("*")],
                "exact": [r for r in grant.resources if not r.endswith("*")],
            }
            if action.endswith("*"):
                wild.append({**row, "action": action[:-1]})
            else:
                named.setdefault(action, []).append(row)
    return {"named": named, "wild": wild}


PEERS = (Peer,)
