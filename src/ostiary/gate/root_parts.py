"""AssumeRoot: the one call that acts in another account by its caller's policies alone.

Whom the organization has put above a member needs no policy of the member's for it. For
everybody else the root user of another account is another account's, and nothing there
allows: they are refused as strangers, whether the account exists or not.
"""

from collections.abc import Callable, Iterator, Mapping

from ostiary.gate.iam_resources import root
from ostiary.gate.needs import Asked, Part, Resource
from ostiary.gate.reading import text_at
from ostiary.services.root_standing import is_above


def _assume_root(asked: Asked) -> Iterator[Part]:
    target = root(asked, text_at(asked.target.params, "TargetPrincipal"))
    above = is_above(asked.snapshot, asked.caller.account, target.account)
    decided = asked.caller.account if above else target.account
    # The resource is the member's all the same, and conditions may ask whose it is.
    yield Part(
        "",
        Resource(target.arn, decided),
        {"aws:ResourceAccount": target.account},
    )


PARTS: Mapping[str, Callable[[Asked], Iterator[Part]]] = {"assume_root": _assume_root}
