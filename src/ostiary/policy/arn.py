"""Amazon Resource Names: six parts between colons, the last of which may hold more.

`arn:partition:service:region:account:resource` (facts 3.3).
"""

from dataclasses import dataclass

PARTS = 6

# Every partition that AWS has named so far.
PARTITIONS = (
    "aws",
    "aws-cn",
    "aws-eusc",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
    "aws-us-gov",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ARN:
    """An ARN taken apart; `str()` puts it together again."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> "ARN":
        """The parts of `text`.

        Raises:
            ValueError: `text` has fewer than six parts or does not start with `arn`.
        """
        parts = split(text)
        if parts is None:
            raise ValueError(f"`{text}` is not an ARN")
        _, partition, service, region, account, resource = parts
        return cls(
            partition=partition,
            service=service,
            region=region,
            account=account,
            resource=resource,
        )

    def __str__(self) -> str:
        return (
            f"arn:{self.partition}:{self.service}:{self.region}"
            f":{self.account}:{self.resource}"
        )


def split(text: str) -> list[str] | None:
    """The six parts of an ARN, or None when `text` is not one."""
    parts = text.split(":", PARTS - 1)
    return parts if len(parts) == PARTS and parts[0] == "arn" else None


def account_of(text: str) -> str:
    """The account part of an ARN; empty when there is none to read."""
    parts = split(text)
    return parts[4] if parts else ""
