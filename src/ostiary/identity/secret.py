"""A value that does not show itself: not in repr, not in logs, not in comparisons."""

from typing import NoReturn, final


@final
class Secret:
    """Text that must not leak; `reveal()` is the only way to read it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself; every call of this greps well on purpose."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> NoReturn:
        # A comparison with == is not constant-time, and is nearly always a mistake.
        raise TypeError("secrets are compared with hmac.compare_digest")

    __hash__ = None  # type: ignore[assignment]  # unhashable: a set would compare
