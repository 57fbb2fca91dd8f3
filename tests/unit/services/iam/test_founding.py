"""What there is before the first call."""

import pytest

from ostiary.identity.model import AWS, AccessKey, Account, Policy, PolicyVersion
from ostiary.identity.secret import Secret
from ostiary.policy import Kind, parse
from ostiary.services.iam.credentials import PURPOSE
from ostiary.services.iam.founding import (
    found_account,
    found_installation,
    managed_policies,
)
from ostiary.store.port import AlreadyExistsError
from tests.unit.identity.minting import NOW
from tests.unit.services.iam.world import World

ID = "111122223333"


def test_the_managed_policies_of_aws_are_sound() -> None:
    """Ids and names are unique; they are those of the tasks of root, for `AssumeRoot`."""
    rows = managed_policies()
    assert (
        len({row["Id"] for row in rows})
        == len({row["Name"] for row in rows})
        == len(rows)
    )
    assert {row["Path"] for row in rows} == {"/root-task/"}
    for row in rows:
        assert row["Id"].startswith("ANPA")
        assert len(row["Id"]) == 21


def test_an_installation_has_the_managed_policies_of_aws(world: World) -> None:
    """Each with one version, in force; founding again changes nothing."""
    for _ in range(2):
        with world.store.change() as change:
            found_installation(change, NOW)
    with world.store.read() as view:
        assert view.count(Policy, account=AWS) == len(managed_policies())
        task = view.find(
            Policy, "arn:aws:iam::aws:policy/root-task/SQSUnlockQueuePolicy"
        )
        assert task is not None
        versions = view.list_by(PolicyVersion)
    assert task.default_version == 1
    assert len(versions) == len(managed_policies())
    for version in versions:
        parse(version.text, kind=Kind.IDENTITY, strict=True)


def test_a_second_founding_writes_nothing(world: World) -> None:
    """So it costs no revision at a later start."""
    with world.store.change() as change:
        found_installation(change, NOW)
    with world.store.change() as change:
        found_installation(change, NOW + 1)
        assert change.writes == []


def _found(
    world: World, root_key: tuple[str, Secret] | None = None
) -> tuple[str, Secret]:
    with world.store.change() as change:
        return found_account(
            change,
            id=ID,
            name="third",
            mint=world.mint,
            vault=world.vault,
            now=NOW,
            root_key=root_key,
        )


def test_a_new_account_has_a_root_key(world: World) -> None:
    """The key is active and belongs to nobody but root; its secret is sealed in its place (T123)."""
    key_id, secret = _found(world)
    with world.store.read() as view:
        key = view.find(AccessKey, key_id)
        account = view.find(Account, ID)
    assert account == Account(id=ID, name="third", alias="", created=NOW)
    assert key is not None
    assert (key.account, key.user, key.status) == (ID, "", "Active")
    plain = world.vault.unseal(key.secret, purpose=PURPOSE, row=key_id, account=ID)
    assert plain.decode() == secret.reveal()


def test_a_root_key_may_be_given(world: World) -> None:
    """An operator who brings a key gets the same one back."""
    given = ("AKIAIOSFODNN7EXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"))
    assert _found(world, given) == given


@pytest.mark.parametrize(("id_", "name"), [(ID, "fourth"), ("444455556666", "THIRD")])
def test_an_account_is_founded_once(world: World, id_: str, name: str) -> None:
    """Ids and names of accounts are unique, and a refused founding leaves nothing behind."""
    _found(world)
    before = world.store.everything()
    with pytest.raises(AlreadyExistsError), world.store.change() as change:
        found_account(
            change, id=id_, name=name, mint=world.mint, vault=world.vault, now=NOW
        )
    assert world.store.everything() == before
