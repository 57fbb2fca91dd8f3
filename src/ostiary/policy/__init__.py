"""The policy language and its decision: pure, standard library only, usable alone.

    from ostiary.policy import parse, compile, decide

`parse` reads a policy or says where it is wrong, `compile` makes it ready, `decide`
answers a request. `explain` says why.
"""

from ostiary.policy.attached import Attached, PolicySet, attach
from ostiary.policy.compile import Compiled, compile, invalid_policy  # noqa: A004 - the field's own word
from ostiary.policy.decide import (
    Decision,
    Determining,
    Outcome,
    decide,
)
from ostiary.policy.document import Document, Effect, Kind
from ostiary.policy.fault import PolicyError
from ostiary.policy.parse import diagnose, parse
from ostiary.policy.pattern import UNKNOWN
from ostiary.policy.request import (
    AuthorizationRequest,
    Context,
    Principal,
    PrincipalKind,
)

__all__ = [
    "UNKNOWN",
    "Attached",
    "AuthorizationRequest",
    "Compiled",
    "Context",
    "Decision",
    "Determining",
    "Document",
    "Effect",
    "Kind",
    "Outcome",
    "PolicyError",
    "PolicySet",
    "Principal",
    "PrincipalKind",
    "attach",
    "compile",
    "decide",
    "diagnose",
    "invalid_policy",
    "parse",
]
