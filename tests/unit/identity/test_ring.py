"""The ring of sealing keys: which key mints, and when one may go."""

import pytest

from ostiary.identity.ring import EMPTY, HOUR, Ring, RingKey, expired, needs_rotation
from tests.unit.identity.minting import NOW


def key(name: str, age_in_hours: float) -> RingKey:
    """A key of the ring, so many hours old."""
    created = NOW - int(age_in_hours * HOUR)
    return RingKey(id=name * 16, created=created, key=bytes(32))


def test_the_newest_key_mints_in_whatever_order_they_come() -> None:
    """The age decides, not the place; twins are told apart by their id."""
    ring = Ring((key("b", 2), key("c", 1), key("a", 3)))
    assert ring.newest == key("c", 1)
    twins = (key("e", 0), key("f", 0))
    assert Ring(twins).newest == Ring(twins[::-1]).newest == key("f", 0)


def test_an_empty_ring_mints_nothing() -> None:
    """Without a key there is no token, and rotation is due."""
    with pytest.raises(LookupError, match="ring of sealing keys is empty"):
        _ = EMPTY.newest
    assert needs_rotation(EMPTY, NOW)
    assert expired(EMPTY, NOW) == ()
    assert EMPTY.find("a" * 16) is None


@pytest.mark.threat("T119")
def test_rotation_is_due_after_a_day() -> None:
    """24 hours to the second, counted from the newest key."""
    ring = Ring((key("a", 40), key("b", 0)))
    assert HOUR == 3600
    assert not needs_rotation(ring, NOW + 24 * HOUR - 1)
    assert needs_rotation(ring, NOW + 24 * HOUR)


@pytest.mark.threat("T119")
def test_a_key_stays_until_its_last_session_has_ended() -> None:
    """Replaced after 24 hours, a key opens tokens for 36 more, and an hour of grace."""
    old, new = key("a", 61), key("b", 37)
    assert expired(Ring((new, old)), NOW) == ()
    assert expired(Ring((new, old)), NOW + 1) == (old,)


@pytest.mark.threat("T119")
def test_a_late_rotation_keeps_the_old_key_longer() -> None:
    """A key that minted for a week is kept until 36 hours after its successor came."""
    ring = Ring((key("a", 24 * 7), key("b", 1)))
    assert expired(ring, NOW) == ()
    assert expired(ring, NOW + 37 * HOUR) == (key("a", 24 * 7),)


@pytest.mark.threat("T119")
def test_the_key_that_mints_never_expires() -> None:
    """However old the newest key is, it stays."""
    assert expired(Ring((key("a", 24 * 365),)), NOW) == ()


@pytest.mark.threat("T119")
def test_ten_rotations_in_ten_minutes_drop_no_key() -> None:
    """All keys of a hasty rotation stay on the ring, and the last one mints."""
    keys = tuple(key(f"{count:x}", -count / 60) for count in range(10))
    ring = Ring(keys)
    assert expired(ring, NOW + 600) == ()
    assert ring.newest == keys[-1]
    assert [ring.find(one.id) for one in keys] == list(keys)


@pytest.mark.parametrize("name", ["", "a" * 15, "a" * 17, "A" * 16, "g" * 16])
def test_a_key_id_is_sixteen_hex_digits(name: str) -> None:
    """An id of another shape would not fit a token's header."""
    with pytest.raises(ValueError, match="expected 16 hex digits"):
        RingKey(id=name, created=NOW, key=bytes(32))


def test_a_sealing_key_has_32_bytes() -> None:
    """No shorter key is taken."""
    with pytest.raises(ValueError, match="has 31 bytes, expected 32"):
        RingKey(id="a" * 16, created=NOW, key=bytes(31))


@pytest.mark.threat("T128")
def test_a_sealing_key_does_not_show_itself() -> None:
    """The repr of a ring holds ids and ages only."""
    one = RingKey(id="a" * 16, created=NOW, key=b"k" * 32)
    assert "kkkk" not in repr(Ring((one,)))
