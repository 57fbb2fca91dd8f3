"""What there is before the first call: policies of tasks of root, and an account."""

import json
from importlib.resources import files
from typing import TypedDict

from ostiary.identity.ids import Mint, access_key_id, secret_access_key
from ostiary.identity.model import (
    AWS,
    AccessKey,
    Account,
    KeyStatus,
    Policy,
    PolicyVersion,
    iam_arn,
)
from ostiary.identity.secret import Secret
from ostiary.identity.vault import Vault
from ostiary.services.iam.credentials import PURPOSE
from ostiary.store.port import Change


class ManagedPolicy(TypedDict):
    """A row of `data/managed_policies.json`."""

    Id: str
    Name: str
    Path: str
    Description: str
    Document: dict[str, object]


def managed_policies() -> list[ManagedPolicy]:
    """The managed policies of AWS that every home has; their documents are ours."""
    text = files("ostiary.data").joinpath("managed_policies.json").read_text("utf-8")
    rows: list[ManagedPolicy] = json.loads(text)
    return rows


def found_installation(change: Change, now: int) -> None:
    """The managed policies of AWS are there, as far as they were not."""
    for row in managed_policies():
        arn = iam_arn(AWS, "policy", row["Path"], row["Name"])
        if change.find(Policy, arn) is not None:
            continue
        policy = Policy(
            arn=arn,
            id=row["Id"],
            account=AWS,
            name=row["Name"],
            path=row["Path"],
            created=now,
            updated=now,
            description=row["Description"],
            default_version=1,
            next_version=2,
            tags=(),
        )
        text = json.dumps(row["Document"], indent=4)
        change.insert(policy)
        change.insert(PolicyVersion(policy=arn, number=1, text=text, created=now))


def found_account(  # noqa: PLR0913 - an account is founded from exactly these
    change: Change,
    *,
    id: str,  # noqa: A002 - the entity's own word
    name: str,
    mint: Mint,
    vault: Vault,
    now: int,
    root_key: tuple[str, Secret] | None = None,
) -> tuple[str, Secret]:
    """A new account; the first access key of its root user, and the key's secret.

    Args:
        change: the change in which it is founded.
        id: twelve digits.
        name: what the operator calls it.
        mint: randomness.
        vault: seals the secret.
        now: seconds since the epoch.
        root_key: an access key id and secret that are known already; None makes new
            ones.

    Raises:
        AlreadyExistsError: there is an account or access key of this id, or an
            account of this name.
    """
    change.insert(Account(id=id, name=name, alias="", created=now))
    key_id, secret = root_key or (
        access_key_id(mint, id, "AKIA"),
        secret_access_key(mint),
    )
    sealed = vault.seal(
        secret.reveal().encode(),
        purpose=PURPOSE,
        row=key_id,
        account=id,
        mint=mint,
    )
    key = AccessKey(
        id=key_id,
        account=id,
        user="",
        secret=sealed,
        status=KeyStatus.ACTIVE,
        created=now,
    )
    change.insert(key)
    return key_id, secret
