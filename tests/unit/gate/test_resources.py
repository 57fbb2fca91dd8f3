"""From texts to ARNs: what may name a thing, and what may not."""

from typing import Any

import pytest

from ostiary.gate.needs import Asked, Named, Unclear
from ostiary.gate.resources import KINDS, compile_template
from ostiary.identity.caller import Caller
from ostiary.wire.catalog import Target
from ostiary.wire.service import BY_NAME
from tests.unit.gate.asking import (
    ACCOUNT,
    ALICE,
    ANONYMOUS,
    BOUNDARY,
    OTHER,
    REGION,
    SNAPSHOT,
    s3_request,
    table,
)

IAM = f"arn:aws:iam::{ACCOUNT}"
SNS = f"arn:aws:sns:{REGION}:{ACCOUNT}"
SQS = f"arn:aws:sqs:{REGION}:{ACCOUNT}"


def asked(who: Caller = ALICE, **params: Any) -> Asked:
    """A request with these parameters."""
    service = BY_NAME["s3"]
    target = Target(
        service=service,
        operation="GetThing",
        protocol=service.protocol,
        params=params,
        modelled=True,
        bucket="mine",
        key=None,
        upload=False,
        resource="/",
    )
    return Asked(
        target=target,
        request=s3_request("GET", "/mine"),
        caller=who,
        snapshot=SNAPSHOT(),
        region=REGION,
    )


@pytest.mark.threat("T65")
@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("any", "anything"),
        ("bucket", "a/b"),
        ("bucket", "a:b"),
        ("bucket", "-a"),
        ("bucket", ""),
        ("object", ""),
        ("queue", "/12/jobs"),
        ("queue_named", "a b"),
        ("queue_named", "*"),
        ("queue_by_arn", f"{SQS}:a/b"),
        ("queue_by_arn", f"{SNS}:jobs"),
        ("topic", f"{SNS}:a:b"),
        ("subscribed_topic", f"{SNS}:news"),
        ("subscribed_topic", f"{SNS}:news:not-an-id"),
        ("application", f"{SNS}:news"),
        ("target", "news"),
        ("table", f"{table('Books')}/index/x"),
        ("index", "*"),
        ("index", "byAuthor"),
        ("in_table", f"{table('Books')}/spaceship/x"),
        ("policy", f"{IAM}:role/Job"),
        ("role_by_arn", f"{IAM}:user/Bob"),
        ("entity", f"{IAM}:mfa/Alice"),
        ("entity", "Alice"),
        ("provider", "arn:aws:s3:::mine"),
        ("mfa_device", "arn:aws:s3:::mine"),
        ("root", f"{IAM}:rootless"),
        ("root", f"{IAM}:user/Bob"),
        ("root", "12"),
        ("deleted_role", "task/x/y/z"),
        ("new_oidc_provider", "http://idp.example.com"),
        ("new_oidc_provider", "https://idp.example.com/?a=b"),
    ],
)
def test_what_names_nothing(kind: str, text: str) -> None:
    """A text that does not name one thing of the kind is unclear."""
    with pytest.raises(Unclear):
        KINDS[kind].find(asked(), text)


@pytest.mark.parametrize("name", ["*", "a/b", ""])
def test_an_index_has_a_plain_name(name: str) -> None:
    """An index is named below its table, by a name only."""
    with pytest.raises(Unclear):
        KINDS["index"].find(asked(TableName="Books"), name)


@pytest.mark.parametrize(
    ("kind", "text", "arn", "account"),
    [
        ("bucket", "mine", "arn:aws:s3:::mine", ACCOUNT),
        ("bucket", "theirs", "arn:aws:s3:::theirs", OTHER),
        ("queue_by_arn", f"{SQS}:jobs", f"{SQS}:jobs", ACCOUNT),
        ("application", f"{SNS}:app/GCM/x", f"{SNS}:app/GCM/x", ACCOUNT),
        ("table", "Books", table("Books"), ACCOUNT),
        ("index", "byAuthor", f"{table('Books')}/index/byAuthor", ACCOUNT),
        (
            "in_table",
            f"{table('Books')}/export/01-ab",
            f"{table('Books')}/export/01-ab",
            ACCOUNT,
        ),
        ("entity", f"{IAM}:user/dev/Alice", f"{IAM}:user/dev/Alice", ACCOUNT),
        ("entity", f"{IAM}:group/eng/Ops", f"{IAM}:group/eng/Ops", ACCOUNT),
        ("entity", f"{IAM}:role/svc/Job", f"{IAM}:role/svc/Job", ACCOUNT),
        ("entity", BOUNDARY, BOUNDARY, ACCOUNT),
        (
            "entity",
            f"arn:aws:iam::{OTHER}:user/Carl",
            f"arn:aws:iam::{OTHER}:user/Carl",
            OTHER,
        ),
        ("provider", f"{IAM}:saml-provider/x", f"{IAM}:saml-provider/x", ACCOUNT),
        ("key_owner", "AKIABOB", f"{IAM}:user/Bob", ACCOUNT),
        ("key_owner", "AKIALOST", f"{IAM}:user/*", ACCOUNT),
        ("key_owner", "AKIAGONE", f"{IAM}:user/*", ACCOUNT),
        ("key_owner", "AKIANONE", f"{IAM}:user/*", ACCOUNT),
    ],
)
def test_what_names_one_thing(kind: str, text: str, arn: str, account: str) -> None:
    """The ARN and the account of what is named."""
    found = KINDS[kind].find(asked(TableName="Books"), text)

    assert (found.arn, found.account) == (arn, account)


def test_an_entity_in_another_spelling_lends_no_tags() -> None:
    """An ARN is exact: a user by another path is another user, or none."""
    exact = KINDS["entity"].find(asked(), f"{IAM}:user/dev/Alice")
    other = KINDS["entity"].find(asked(), f"{IAM}:user/Alice")

    assert exact.entity is not None
    assert other.entity is None


@pytest.mark.parametrize("owner", ["12", 7, ["1"]])
def test_an_owner_is_an_account_id(owner: object) -> None:
    """QueueOwnerAWSAccountId is twelve digits."""
    with pytest.raises(Unclear, match="account id"):
        KINDS["queue_named"].find(asked(QueueOwnerAWSAccountId=owner), "jobs")


def test_a_template_asks_for_an_account() -> None:
    """Nobody's call has no account to put into an ARN."""
    kind = compile_template(
        "arn:{partition}:x::{account}:{type}/{id}", "[a-z]+", "thing"
    )

    assert kind.find(asked(), "a").arn == f"arn:aws:x::{ACCOUNT}:thing/a"
    assert kind.named[Named.ALL](asked()).arn == f"arn:aws:x::{ACCOUNT}:thing/*"
    with pytest.raises(Unclear, match="anonymous"):
        kind.find(asked(ANONYMOUS), "a")


@pytest.mark.threat("T65")
@pytest.mark.parametrize("path", ["/a:b/", 7, None])
def test_a_hole_takes_no_colon(path: object) -> None:
    """What fills a hole stays inside its part of the ARN."""
    kind = compile_template("arn:{partition}:x:::{type}{Path}{id}", "[a-z]+", "thing")

    with pytest.raises(Unclear):
        kind.find(asked(Path=path), "a")
