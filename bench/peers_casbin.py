"""pycasbin: the plain `Enforcer`, one for each principal.

`FastEnforcer` looks rules up by equal fields only, so it would lose the rules whose
action or resource has a wildcard; `keyMatch` is its own star at the end.
"""

from collections.abc import Callable
from functools import partial
from importlib.metadata import version

import casbin

from bench.engine import Case
from bench.peers import grants_of, has_mfa

_MODEL = """
[request_definition]
r = account, obj, act, mfa
[policy_definition]
p = account, obj, act, mfa, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = keyMatch(r.act, p.act) && keyMatch(r.obj, p.obj) \
&& (p.mfa == "any" || r.mfa == p.mfa) && (p.account == "any" || r.account == p.account)
"""


class Peer:
    """pycasbin with its rules in memory."""

    name = f"pycasbin {version('pycasbin')}"
    sample = 200

    def prepare(self, case: Case) -> Callable[[], object]:
        """One call of `enforce`."""
        model = casbin.Enforcer.new_model(text=_MODEL)
        enforcer = casbin.Enforcer(model)
        rules = [
            [account, resource, action, mfa, "allow" if grant.allow else "deny"]
            for grant in grants_of(case)
            for mfa in ("yes" if grant.mfa else "any",)
            for account in grant.accounts or ("any",)
            for action in grant.actions
            for resource in grant.resources
        ]
        enforcer.add_policies(list({tuple(one): one for one in rules}.values()))
        asked = (case.who.split(":")[4], case.resource, case.action)
        return partial(enforcer.enforce, *asked, "yes" if has_mfa(case) else "no")

    def allowed(self, answer: object) -> bool:
        """What an answer says."""
        return answer is True


PEERS = (Peer,)
