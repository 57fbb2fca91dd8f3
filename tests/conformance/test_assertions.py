"""Used assertions in a store: each opens one session, whoever is quickest."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from ostiary.store.sql import SqlStore
from tests.conformance.samples import NOW

NAME = "arn:aws:iam::111122223333:saml-provider/P _a1"


def _use(
    store: SqlStore, name: str = NAME, *, ends: int = NOW + 300, now: int = NOW
) -> bool:
    with store.change() as change:
        return change.use_assertion(name, ends=ends, now=now)


def test_an_assertion_is_used_once(store: SqlStore) -> None:
    """The second use is told so, and another assertion is another matter."""
    assert _use(store)
    assert not _use(store)
    assert _use(store, NAME + "b")


def test_of_many_at_once_exactly_one_is_first(shared: SqlStore) -> None:
    """A read that is followed by a write would let two through (P1)."""
    with ThreadPoolExecutor(16) as threads:
        for number in range(20):
            name = f"{NAME}-{number}"
            firsts = threads.map(lambda _, name=name: _use(shared, name), range(16))
            assert sum(firsts) == 1


def test_a_change_that_fails_uses_nothing_up(store: SqlStore) -> None:
    """What was wrong in the call can be put right and the call be made again."""

    def use_and_fail() -> None:
        with store.change() as change:
            assert change.use_assertion(NAME, ends=NOW + 300, now=NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        use_and_fail()
    assert _use(store)


def test_what_has_ended_is_forgotten(store: SqlStore) -> None:
    """It is refused for its age by then, and its row does not stay (T139)."""
    assert _use(store, ends=NOW + 10)
    assert not _use(store, now=NOW + 9)
    assert _use(store, now=NOW + 10)


def test_uses_take_no_revision(store: SqlStore) -> None:
    """No decision reads them, so nobody is told of a change."""
    heard: list[int] = []
    store.subscribe(lambda revision, _: heard.append(revision))
    before = store.everything()
    assert _use(store)
    assert store.everything() == before
    assert heard == []
