"""Who is who: entities of a file and those that are here already.

An entity here is the file's when it has the file's unique id, or else the file's name.
A new one takes the file's id if nobody here has it, so that ids in policies go on
meaning whom they meant; else it gets a new one, and the report says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ostiary.identity.holdings import InstanceProfile
from ostiary.identity.ids import IdPrefix, Mint, unique_id
from ostiary.identity.model import Entity, Group, Role, User, iam_arn
from ostiary.services.iam import roles
from ostiary.services.imports.details import OwnerDetail, Title
from ostiary.services.imports.faults import Place
from ostiary.services.imports.plan import Plan
from ostiary.services.imports.present import Owner, Present
from ostiary.store.codec import name_key
from ostiary.store.port import Reader

_PREFIXES: Final[dict[Title, IdPrefix]] = {
    "User": "AIDA",
    "Group": "AGPA",
    "Role": "AROA",
}
_KINDS: Final[dict[str, type[Entity]]] = {
    "AIDA": User,
    "AGPA": Group,
    "AROA": Role,
    "AIPA": InstanceProfile,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An owner of the file, the one here that it is, and the id it has or gets."""

    detail: OwnerDetail
    old: Owner | None
    id: str
    arn: str


@dataclass(slots=True, kw_only=True)
class Known:
    """Whom a principal in a trust policy can mean, over all accounts of the file."""

    view: Reader
    mint: Mint
    ids: dict[str, str] = field(default_factory=dict)
    """The file's id of a user or role to the one it has here."""
    arns: dict[str, str] = field(default_factory=dict)
    """ARN of a user or role to its id here."""
    given: set[str] = field(default_factory=set)
    """Ids that new entities of the file take."""

    def find(self, principal: str) -> str | None:
        """The unique id behind an ARN or id, as far as anybody is there."""
        found = self.arns.get(principal) or self.ids.get(principal)
        return found or roles.find_principal(self.view, principal)

    def new_id(self, wanted: str, prefix: IdPrefix, place: Place, plan: Plan) -> str:
        """The wanted id if it is free, else a new one, with a notice."""
        if wanted and not self._is_taken(wanted):
            self.given.add(wanted)
            return wanted
        made = unique_id(self.mint, prefix)
        why = f"the id `{wanted}` is taken" if wanted else "the file has no usable id"
        plan.notice(
            place,
            f"{why}; the new one is `{made}`",
            "policies that name the old id, as in `aws:userid`, do not mean it",
        )
        return made

    def _is_taken(self, wanted: str) -> bool:
        if wanted in self.given:
            return True
        kind = _KINDS.get(wanted[:4])
        return kind is not None and self.view.find(kind, wanted) is not None


def match_owners(
    details: Sequence[OwnerDetail], present: Present, known: Known, plan: Plan
) -> list[Match]:
    """Each owner of the file with whom it is here."""
    claimed = _claimed_by_id(details, present)
    matches = []
    for one in details:
        old = claimed.get(one.id)
        named = present.names.get((one.title, name_key(one.name)))
        if named is not None and old is not None and named.id != old.id:
            plan.fault(
                one.place,
                f"found `{one.id}`, who is `{old.name}` here, with the name of "
                f"`{named.id}`",
                "rename or delete one of the two here first",
            )
        if old is None and named is not None and named.id not in claimed:
            old = named
        matches.append(_match(one, old, known, plan))
    return matches


def _claimed_by_id(
    details: Sequence[OwnerDetail], present: Present
) -> dict[str, Owner]:
    """Those here whose id the file has."""
    wanted = {one.id for one in details if one.id}
    return {key: one for key, one in present.owners.items() if key in wanted}


def _match(one: OwnerDetail, old: Owner | None, known: Known, plan: Plan) -> Match:
    if old is None:
        key = known.new_id(one.id, _PREFIXES[one.title], one.place, plan)
    else:
        key = old.id
        if one.id and one.id != key:
            plan.notice(
                one.place,
                f"found the id `{one.id}`, but `{old.name}` is here as `{key}` and "
                "stays so",
                "policies that name the file's id do not mean it",
            )
    arn = iam_arn(plan.account, one.title.lower(), one.path, one.name)
    if one.title != "Group":
        known.arns[arn] = key
        if one.id:
            known.ids[one.id] = key
    return Match(detail=one, old=old, id=key, arn=arn)
