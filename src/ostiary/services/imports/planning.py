"""The plan of an import: every account of a file beside what is here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

from ostiary.identity.model import AWS
from ostiary.services.enrolment import Means
from ostiary.services.iam.credentials import new_access_key
from ostiary.services.imports import checks
from ostiary.services.imports.comparing import Scene, compare_owner
from ostiary.services.imports.details import AccountDetail
from ostiary.services.imports.faults import ImportRefused
from ostiary.services.imports.owners import Known, Match, match_owners
from ostiary.services.imports.plan import Event, NewKey, Plan
from ostiary.services.imports.policies import compare_policy
from ostiary.services.imports.present import KINDS, Present, read_present
from ostiary.store.codec import name_key
from ostiary.store.port import Reader

Progress = Callable[[str, int, int], None]
"""Told what is done, how many of it, and of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the operator asked for."""

    access_keys: bool = False
    """New access keys for the file's users who have none."""
    replace_aws_policies: bool = False


def plan_all(
    view: Reader,
    means: Means,
    details: Sequence[AccountDetail],
    wishes: Wishes,
    progress: Progress = lambda *_: None,
) -> list[Plan]:
    """What the import would do to each account.

    Raises:
        ImportRefused: the file cannot be imported here, with all reasons.
    """
    known = Known(view=view, mint=means.mint)
    rooms = [_Room(view, means, one, known) for one in details]
    brought: set[str] = set()
    for room in rooms:
        room.compare(wishes, progress, brought)
    faults = [fault for room in rooms for fault in room.plan.faults]
    if faults:
        raise ImportRefused(faults)
    return [room.plan for room in rooms]


class _Room:
    """One account while it is compared."""

    def __init__(
        self, view: Reader, means: Means, detail: AccountDetail, known: Known
    ) -> None:
        self.detail = detail
        self.means = means
        self.known = known
        self.present = read_present(view, detail.id)
        self.plan = Plan(
            account=detail.id,
            place=detail.place,
            is_new=self.present.account is None,
        )
        # Whom trust policies mean is known before the first is compared.
        self.matches = match_owners(detail.owners, self.present, known, self.plan)

    def compare(
        self,
        wishes: Wishes,
        progress: Progress,
        brought: set[str],
    ) -> None:
        """Fill the plan.

        Args:
            wishes: what the operator asked for.
            progress: told how far it is.
            brought: policies of AWS that accounts before this one bring.
        """
        scene = self._scene(brought)
        for policy in self.detail.policies:
            if policy.account == AWS and policy.arn in brought:
                continue
            if policy.account == AWS and policy.arn not in self.present.policies:
                brought.add(policy.arn)
            compare_policy(policy, scene, replace_aws=wishes.replace_aws_policies)
        total = len(self.matches)
        for number, match in enumerate(self.matches, 1):
            compare_owner(match, scene)
            progress(f"comparing account {self.plan.account}", number, total)
        if wishes.access_keys:
            self._give_keys()
        self._leave()
        self._require_room()

    def _scene(self, brought: set[str]) -> Scene:
        groups = {
            key: one.id
            for (title, key), one in self.present.names.items()
            if title == "Group"
        }
        groups |= {
            name_key(one.detail.name): one.id
            for one in self.matches
            if one.detail.title == "Group"
        }
        own = (one.arn for one in self.detail.policies)
        return Scene(
            plan=self.plan,
            present=self.present,
            known=self.known,
            groups=groups,
            policies=frozenset(chain(self.present.policies, own)),
            brought=brought,
            now=self.means.now,
        )

    def _give_keys(self) -> None:
        """An access key for each of the file's users who has none."""
        for match in self.matches:
            if match.detail.title != "User" or match.id in self.present.keys:
                continue
            key, secret = new_access_key(self.means, self.plan.account, match.id)
            self.plan.inserts.append(key)
            name = match.detail.name
            self.plan.keys.append(NewKey(user=name, id=key.id, secret=secret))
            parameters = {"userName": name, "accessKeyId": key.id}
            event = Event(
                operation="CreateAccessKey", arn=match.arn, parameters=parameters
            )
            self.plan.events.append(event)

    def _leave(self) -> None:
        """Name what is here and not in the file."""
        seen = {one.id for one in self.matches}
        arns = {one.arn for one in self.detail.policies}
        profiles = {
            name_key(one.name) for owner in self.detail.owners for one in owner.profiles
        }
        self.plan.left += sorted(
            chain(
                (o.arn for o in self.present.owners.values() if o.id not in seen),
                (
                    p.arn
                    for p in self.present.policy_names.values()
                    if p.arn not in arns
                ),
                (p.arn for k, p in self.present.profiles.items() if k not in profiles),
            )
        )

    def _require_room(self) -> None:
        """What is left alone counts, too."""
        counts = {
            f"{title.lower()}s": _count(self.matches, self.present, title)
            for title in KINDS
        }
        for what, count in counts.items():
            most = checks.MOST[what]
            if count > most:
                self.plan.fault(
                    self.plan.place,
                    f"found {count} {what} with those that are here, "
                    f"expected at most {most}",
                )


def _count(matches: Sequence[Match], present: Present, title: str) -> int:
    new = sum(one.detail.title == title and one.old is None for one in matches)
    return new + sum(key[0] == title for key in present.names)
