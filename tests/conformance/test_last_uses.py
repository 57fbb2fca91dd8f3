"""Last uses in a store: the newest time wins, and nobody hears of a change."""

from ostiary.identity.last_use import AccessReport, ActionUse, LastUse
from ostiary.store.last_uses import Uses
from ostiary.store.sql import SqlStore
from tests.conformance.samples import ACCOUNT, NOW, OTHER, user


def _last(subject: str, used: int, service: str = "s3") -> LastUse:
    return LastUse(subject=subject, used=used, service=service, region="eu-west-1")


def _did(principal: str, action: str, used: int, account: str = ACCOUNT) -> ActionUse:
    return ActionUse(
        principal=principal, action=action, account=account, used=used, region="r"
    )


def test_the_newest_use_wins_whoever_writes_it(store: SqlStore) -> None:
    """Two processes write what they saw in either order; an older time changes nothing."""
    store.note_uses(
        Uses(last=[_last("AKIA1", 20, "iam")], actions=[_did("A", "s3:b", 20)])
    )
    store.note_uses(Uses(last=[_last("AKIA1", 10)], actions=[_did("A", "s3:b", 10)]))
    store.note_uses(Uses(last=[_last("AKIA2", 5)], actions=[_did("A", "s3:a", 30)]))
    with store.read() as view:
        assert view.last_uses(["AKIA1", "AKIA2", "AKIA3"]) == {
            "AKIA1": _last("AKIA1", 20, "iam"),
            "AKIA2": _last("AKIA2", 5),
        }
        assert view.action_uses(["A", "B"]) == [
            _did("A", "s3:a", 30),
            _did("A", "s3:b", 20),
        ]
    store.note_uses(Uses(last=[_last("AKIA1", 21)]))
    with store.read() as view:
        assert view.last_uses(["AKIA1"])["AKIA1"].used == 21


def test_uses_take_no_revision(store: SqlStore) -> None:
    """So no node reads anything again because of them, and no listener is called."""
    heard: list[int] = []
    store.subscribe(lambda revision, _: heard.append(revision))
    before = store.everything()
    store.note_uses(Uses(last=[_last("AKIA1", 1)], actions=[_did("A", "s3:a", 1)]))
    store.forget_uses(NOW, NOW)
    assert store.everything() == before
    assert heard == []


def test_more_subjects_than_one_statement_takes(store: SqlStore) -> None:
    """They are asked about in parts."""
    names = [f"AKIA{number}" for number in range(1200)]
    store.note_uses(Uses(last=[_last(name, 1) for name in names]))
    with store.read() as view:
        assert len(view.last_uses(names)) == 1200
        assert view.last_uses([]) == {}


def test_uses_of_an_account_are_its_own(store: SqlStore) -> None:
    """Whatever the principals are called."""
    store.note_uses(
        Uses(actions=[_did("A", "s3:a", 1), _did("B", "s3:a", 2, account=OTHER)])
    )
    with store.read() as view:
        assert view.uses_in(OTHER) == [_did("B", "s3:a", 2, account=OTHER)]


def test_what_is_old_or_without_owner_is_forgotten(store: SqlStore) -> None:
    """Living principals keep their uses and passwords' uses; reports end by their age."""
    alice = user("alice")
    young = AccessReport(
        id="y", account=ACCOUNT, asker="a", created=NOW, kind="k", content=""
    )
    old = AccessReport(
        id="o", account=ACCOUNT, asker="a", created=NOW - 9, kind="k", content=""
    )
    with store.change() as change:
        for entity in (alice, young, old):
            change.insert(entity)
    store.note_uses(
        Uses(
            last=[
                _last(f"password/{alice.id}", NOW),
                _last("password/AIDAGONE", NOW),
                _last("AKIAGONE", NOW),
            ],
            actions=[
                _did(alice.id, "s3:new", NOW),
                _did(alice.id, "s3:old", NOW - 9),
                _did("AIDAGONE", "s3:new", NOW),
            ],
        )
    )
    store.forget_uses(NOW - 5, NOW - 5)
    with store.read() as view:
        assert list(
            view.last_uses([f"password/{alice.id}", "password/AIDAGONE", "AKIAGONE"])
        ) == [f"password/{alice.id}"]
        assert view.action_uses([alice.id, "AIDAGONE"]) == [
            _did(alice.id, "s3:new", NOW)
        ]
        assert view.find(AccessReport, "y") == young
        assert view.find(AccessReport, "o") is None


def test_a_snapshot_is_loaded_without_reports(store: SqlStore) -> None:
    """They may be long, and no decision asks for them."""
    report = AccessReport(
        id="y", account=ACCOUNT, asker="a", created=NOW, kind="k", content="long"
    )
    with store.change() as change:
        change.insert(report)
    assert store.everything(but=(AccessReport,))[1] == []
    assert store.everything()[1] == [report]
