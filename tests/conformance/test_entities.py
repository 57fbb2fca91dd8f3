"""One entity at a time: insert, find, replace, delete, and what is refused."""

from dataclasses import replace

import pytest

from ostiary.identity.entities import ENTITIES
from ostiary.identity.model import Account, InlinePolicy, User
from ostiary.store.port import AlreadyExistsError, InUseError, Store
from tests.conformance.samples import (
    ACCOUNT,
    ALICE,
    DEVS,
    OTHER,
    POLICY,
    SAMPLES,
    Sample,
    user,
)


def test_every_kind_has_a_sample() -> None:
    """A new kind of entity cannot pass by this suite."""
    assert {type(sample.entity) for sample in SAMPLES} == set(ENTITIES)


@pytest.mark.parametrize(
    "sample", SAMPLES, ids=lambda sample: type(sample.entity).__name__
)
def test_an_entity_comes_back_as_it_was_put_in(store: Store, sample: Sample) -> None:
    """All fields survive, for every kind, through a change and after it."""
    kind, key = type(sample.entity), sample.entity.key
    with store.change() as change:
        for entity in (*sample.needs, sample.entity):
            change.insert(entity)
        assert change.find(kind, key) == sample.entity
    with store.read() as view:
        assert view.find(kind, key) == sample.entity
        assert view.find(kind, "x" + key) is None
    with store.change() as change:
        change.replace(sample.changed)
    with store.read() as view:
        assert view.find(kind, key) == sample.changed
        assert view.list_by(kind) == [sample.changed]
        assert view.count(kind) == 1
    with store.change() as change:
        change.delete(sample.changed)
    with store.read() as view:
        assert view.find(kind, key) is None


@pytest.mark.parametrize(
    "sample", SAMPLES, ids=lambda sample: type(sample.entity).__name__
)
def test_a_key_is_taken_once(store: Store, sample: Sample) -> None:
    """A second entity with the same key is refused, and the change can go on."""
    with store.change() as change:
        for entity in (*sample.needs, sample.entity):
            change.insert(entity)
        with pytest.raises(AlreadyExistsError):
            change.insert(sample.entity)
        change.insert(user("Bob"))
    with store.read() as view:
        assert view.count(type(sample.entity)) == 1 + (sample.entity == ALICE)
        assert view.find(User, user("Bob").key) == user("Bob")


@pytest.mark.threat("T58")
@pytest.mark.parametrize("name", ["alice", "ALICE", "aLiCe"])
def test_names_are_taken_whatever_their_case(store: Store, name: str) -> None:
    """Within an account; another account has names of its own."""
    with store.change() as change:
        change.insert(user("Alice"))
        with pytest.raises(AlreadyExistsError):
            change.insert(user(name, id="AIDA2"))
        change.insert(user(name, account=OTHER))
        assert change.find_by(User, account=ACCOUNT, name=name) == user("Alice")
        assert change.find_by(User, account=OTHER, name="Alice") == user(
            name, account=OTHER
        )


@pytest.mark.threat("T58")
def test_only_ascii_letters_fold(store: Store) -> None:
    """A Kelvin sign is no k, a sharp s is no ss, a dotless i is no i."""
    names = ("Kim", "\u212aim", "strasse", "straße", "id", "\u0131d", "İd")
    with store.change() as change:
        for number, name in enumerate(names):
            change.insert(user(name, id=f"AIDA{number}"))
        found = [change.find_by(User, account=ACCOUNT, name=name) for name in names]
    assert [one.name for one in found if one] == list(names)


def test_names_of_inline_policies_differ_by_case(store: Store) -> None:
    """They are no names of entities, and belong to their owner alone."""
    with store.change() as change:
        for name in ("p", "P"):
            change.insert(InlinePolicy(owner="AIDA1", name=name, text=name))
        found = change.find_by(InlinePolicy, owner="AIDA1", name="P")
    assert found is not None
    assert found.text == "P"


def test_a_rename_moves_the_name(store: Store) -> None:
    """The old name is free afterwards, the new one taken."""
    with store.change() as change:
        change.insert(ALICE)
        change.replace(replace(ALICE, name="Bob"))
        change.insert(user("Alice", id="AIDA2"))
        with pytest.raises(AlreadyExistsError):
            change.insert(user("BOB", id="AIDA3"))
        found = change.find_by(User, account=ACCOUNT, name="bob")
    assert found is not None
    assert found.id == ALICE.id


REFERRING = [sample for sample in SAMPLES if sample.needs]


@pytest.mark.threat("T99")
@pytest.mark.parametrize(
    "sample", REFERRING, ids=lambda sample: type(sample.entity).__name__
)
def test_nothing_refers_to_what_is_not_there(store: Store, sample: Sample) -> None:
    """Neither is a reference made to nobody, nor does anybody go who is referred to."""
    with store.change() as change, pytest.raises(AlreadyExistsError):
        change.insert(sample.entity)
    with store.change() as change:
        for entity in (*sample.needs, sample.entity):
            change.insert(entity)
    for needed in sample.needs:
        with store.change() as change, pytest.raises(InUseError):
            change.delete(needed)
    with store.change() as change:
        for entity in (sample.entity, *sample.needs):
            change.delete(entity)
    assert store.everything()[1] == []


@pytest.mark.threat("T147")
@pytest.mark.parametrize(
    "text",
    [
        "' OR '1'='1",
        '"; DROP TABLE iam_user; --',
        "%",
        "_lice",
        "\\",
        "a\0b",
        "é\U0001f511",
    ],
)
def test_text_is_text(store: Store, text: str) -> None:
    """No character means anything to the database."""
    odd = user("Alice", path=text, id=text, tags=((text, text),), boundary=text)
    with store.change() as change:
        change.insert(user("Bob"))
        assert change.find(User, text) is None
        assert change.find_by(User, account=ACCOUNT, name=text) is None
        change.insert(odd)
        assert change.find(User, text) == odd
        assert change.list_by(User, boundary=text) == [odd]
        assert change.count(User, path=text) == 1


def test_everything_holds_every_entity(store: Store) -> None:
    """The full copy is what was put in, with its revision."""
    with store.change() as change:
        for sample in SAMPLES:
            change.insert(sample.entity)
        number = change.revision
    revision, found = store.everything()
    assert revision == number
    assert len(found) == len(SAMPLES)
    assert set(found) == {sample.entity for sample in SAMPLES}


def test_accounts_have_unique_names(store: Store) -> None:
    """The operator calls accounts by name."""
    with store.change() as change:
        change.insert(Account(id=ACCOUNT, name="first", alias="", created=0))
        with pytest.raises(AlreadyExistsError):
            change.insert(Account(id=OTHER, name="FIRST", alias="", created=0))


def test_the_samples_refer_to_each_other() -> None:
    """So that the reference tests see all of them."""
    assert {type(sample.entity).__name__ for sample in REFERRING} == {
        "PolicyVersion",
        "Attachment",
        "Membership",
        "LoginProfile",
        "SigningCertificate",
        "SSHPublicKey",
        "ServiceCredential",
    }
    assert {DEVS, POLICY, ALICE} == {
        needed for sample in REFERRING for needed in sample.needs
    }
