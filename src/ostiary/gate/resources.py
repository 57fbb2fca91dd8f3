"""From the text that a request names a thing by to the thing's ARN and owner.

A service's `resources` say for each type either a template (`arn`, with a pattern
for the part that the request gives), or the name of a function here (`by`) for
what takes a look at the snapshot, the path or the grammar of a name.
"""

import re
from collections.abc import Callable, Mapping

from ostiary.gate.iam_resources import KINDS as IAM
from ostiary.gate.needs import ANY, Asked, Kind, Named, Resource, Unclear
from ostiary.gate.organization_resources import KINDS as ORGANIZATIONS
from ostiary.gate.reading import compile_texts
from ostiary.identity.model import PARTITION
from ostiary.policy.arn import split

BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]", re.ASCII)
_QUEUE_URL = re.compile(
    r"(?:https?://[A-Za-z0-9.:\[\]-]+)?/([0-9]{12})/([A-Za-z0-9_-]{1,80}(?:\.fifo)?)",
    re.ASCII,
)
_QUEUE_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}(?:\.fifo)?", re.ASCII)
_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_TOPIC_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}(?:\.fifo)?", re.ASCII)
_SUBSCRIPTION = re.compile(r"(.+):[0-9a-fA-F-]{36}", re.ASCII)
_APPLICATION = re.compile(r"(?:app|endpoint)/[A-Za-z0-9_./-]{1,512}", re.ASCII)
_TABLE = r"[A-Za-z0-9_.-]{1,255}"
_TABLE_NAME = re.compile(_TABLE, re.ASCII)
_IN_TABLE = re.compile(
    rf"table/{_TABLE}(?:/(?:index|stream|backup|export|import)/[A-Za-z0-9_.:-]+)?",
    re.ASCII,
)
_HOLE = re.compile(r"\{([A-Za-z]+)(?:\|([^}]*))?\}", re.ASCII)


def account_of_caller(asked: Asked) -> str:
    """The caller's account.

    Raises:
        Unclear: an anonymous caller has none, so a name means nothing.
    """
    account = asked.caller.account
    if not account:
        raise Unclear("an anonymous caller has no account to look in")
    return account


def compile_template(arn: str, pattern: str, type_name: str) -> Kind:
    """The kind of a type whose ARN is a template.

    `{id}` is the text of the request, which must match `pattern` as a whole; of all
    things of the type it is `*`. `{region}`, `{account}`, `{partition}` and `{type}`
    are what they say; any other hole is a parameter, its default behind a bar.
    """
    fixed = arn.replace("{partition}", PARTITION).replace("{type}", type_name)
    is_id = re.compile(pattern, re.ASCII).fullmatch
    owned = "{account}" in fixed
    pieces = _HOLE.split(fixed)
    fillers = tuple(_filler(*pieces[i : i + 2]) for i in range(1, len(pieces), 3))
    literals = pieces[::3]

    def make(asked: Asked, text: str) -> Resource:
        made = [literals[0]]
        for fill, literal in zip(fillers, literals[1:], strict=True):
            made += (fill(asked, text), literal)
        account = account_of_caller(asked) if owned else asked.caller.account
        return Resource("".join(made), account)

    def find(asked: Asked, text: str) -> Resource:
        if is_id(text) is None:
            raise Unclear(f"`{text}` does not name one {type_name}")
        return make(asked, text)

    return Kind(find, {Named.ALL: lambda asked: make(asked, ANY)})


def compile_choice(kinds: Mapping[str, Kind]) -> Kind:
    """The kind of an id that may be of several types, which its prefix tells."""

    def find(asked: Asked, text: str) -> Resource:
        kind = kinds.get(text.rpartition("-")[0])
        if kind is None:
            raise Unclear(f"`{text}` is not an id whose prefix is known")
        return kind.find(asked, text)

    return Kind(find)


_OWN_HOLES: Mapping[str, Callable[[Asked, str], str]] = {
    "id": lambda _, text: text,
    "region": lambda asked, _: asked.region,
    "account": lambda asked, _: account_of_caller(asked),
}


def _filler(name: str, default: str | None) -> Callable[[Asked, str], str]:
    own = _OWN_HOLES.get(name)
    if own is not None:
        return own
    texts = compile_texts(name)

    def fill(asked: Asked, _: str) -> str:
        found = texts(asked) or (() if default is None else (default,))
        text = found[0] if len(found) == 1 else None
        # A colon would begin another part of the ARN.
        if not isinstance(text, str) or ":" in text:
            raise Unclear(f"`{name}` cannot be a part of an ARN")
        return text

    return fill


# --- S3 ----------------------------------------------------------------------------


def bucket(asked: Asked, name: str) -> Resource:
    """A bucket; its ARN tells no account, so the door remembers the owner."""
    if BUCKET.fullmatch(name) is None:
        raise Unclear(f"`{name}` is not the name of a bucket")
    arn = f"arn:{PARTITION}:s3:::{name}"
    owned = asked.snapshot.owned.get(arn)
    return Resource(arn, owned.account if owned else asked.caller.account)


def object_in(asked: Asked, name: str, key: str) -> Resource:
    """An object of a bucket, by its decoded key: the one that is forwarded (T47)."""
    if not key:
        raise Unclear("an object's key is empty")
    place = bucket(asked, name)
    return Resource(f"{place.arn}/{key}", place.account)


def _object(asked: Asked, key: str) -> Resource:
    # One store takes an empty version for none, another for an error.
    if asked.target.params.get("VersionId") == "":
        raise Unclear("a version is empty")
    return object_in(asked, asked.target.bucket or "", key)


# --- SQS ---------------------------------------------------------------------------


def _queue(asked: Asked, url: str) -> Resource:
    """The queue of a URL, or of the path that the older protocol posts to."""
    found = _QUEUE_URL.fullmatch(url)
    if found is None:
        raise Unclear(f"`{url}` is not the URL of a queue")
    account, name = found.groups()
    return Resource(_queue_arn(asked, account, name), account)


def _queue_named(asked: Asked, name: str) -> Resource:
    """A queue by name, in the caller's account or the one that the request names."""
    if _QUEUE_NAME.fullmatch(name) is None:
        raise Unclear(f"`{name}` is not the name of a queue")
    owner = asked.target.params.get("QueueOwnerAWSAccountId")
    account = account_of_caller(asked) if owner is None else owner
    if not isinstance(account, str) or _ACCOUNT.fullmatch(account) is None:
        raise Unclear("`QueueOwnerAWSAccountId` is not an account id")
    return Resource(_queue_arn(asked, account, name), account)


def _queue_arn(asked: Asked, account: str, name: str) -> str:
    return f"arn:{PARTITION}:sqs:{asked.region}:{account}:{name}"


def _queue_by_arn(asked: Asked, arn: str) -> Resource:
    account, name = _here(asked, arn, "sqs")
    if _QUEUE_NAME.fullmatch(name) is None:
        raise Unclear(f"`{arn}` is not the ARN of a queue")
    return Resource(arn, account)


# --- SNS ---------------------------------------------------------------------------


def _topic(asked: Asked, arn: str) -> Resource:
    account, name = _here(asked, arn, "sns")
    if _TOPIC_NAME.fullmatch(name) is None:
        raise Unclear(f"`{arn}` is not the ARN of a topic")
    return Resource(arn, account)


def _subscribed(asked: Asked, arn: str) -> Resource:
    """The topic of a subscription: subscriptions are no resources of their own."""
    found = _SUBSCRIPTION.fullmatch(arn)
    if found is None:
        raise Unclear(f"`{arn}` is not the ARN of a subscription")
    return _topic(asked, found[1])


def _application(asked: Asked, arn: str) -> Resource:
    """A platform application or one of its endpoints."""
    account, name = _here(asked, arn, "sns")
    if _APPLICATION.fullmatch(name) is None:
        raise Unclear(f"`{arn}` is not the ARN of an application or endpoint")
    return Resource(arn, account)


def _target(asked: Asked, arn: str) -> Resource:
    """Where a message goes: a topic or an endpoint."""
    _, name = _here(asked, arn, "sns")
    return _application(asked, arn) if "/" in name else _topic(asked, arn)


# --- DynamoDB ----------------------------------------------------------------------


def table(asked: Asked, text: str) -> Resource:
    """A table, by name or by ARN."""
    if _TABLE_NAME.fullmatch(text) is not None:
        account = account_of_caller(asked)
        arn = f"arn:{PARTITION}:dynamodb:{asked.region}:{account}:table/{text}"
        return Resource(arn, account)
    found = _in_table(asked, text)
    if found.arn.count("/") != 1:
        raise Unclear(f"`{text}` does not name a table")
    return found


def _index(asked: Asked, text: str) -> Resource:
    """An index of the table that the request names."""
    name = asked.target.params.get("TableName")
    if not isinstance(name, str):
        raise Unclear("an index without its table")
    return index_of(table(asked, name), text)


def index_of(place: Resource, name: str) -> Resource:
    """An index of a table."""
    if _TABLE_NAME.fullmatch(name) is None:
        raise Unclear(f"`{name}` does not name an index")
    return Resource(f"{place.arn}/index/{name}", place.account)


def _in_table(asked: Asked, arn: str) -> Resource:
    """A table, or what belongs to it: index, stream, backup, export, import."""
    account, name = _here(asked, arn, "dynamodb")
    if _IN_TABLE.fullmatch(name) is None:
        raise Unclear(f"`{arn}` does not name a table or a part of one")
    return Resource(arn, account)


def _here(asked: Asked, arn: str, service: str) -> tuple[str, str]:
    """Account and name in an ARN of this service and region.

    An upstream may look at the ARN or at the scope; where they differ, nobody
    knows which region is meant.
    """
    parts = split(arn)
    if (
        parts is None
        or parts[1:4] != [PARTITION, service, asked.region]
        or _ACCOUNT.fullmatch(parts[4]) is None
    ):
        raise Unclear(f"`{arn}` is not an ARN of {service} in {asked.region}")
    return parts[4], parts[5]


def _nothing(_: Asked, text: str) -> Resource:
    raise Unclear(f"`{text}` is named where nothing can be")


KINDS: Mapping[str, Kind] = {
    **IAM,
    **ORGANIZATIONS,
    "any": Kind(
        _nothing, {Named.ALL: lambda asked: Resource(ANY, asked.caller.account)}
    ),
    "bucket": Kind(bucket),
    "object": Kind(_object),
    "queue": Kind(_queue),
    "queue_named": Kind(_queue_named),
    "queue_by_arn": Kind(_queue_by_arn),
    "topic": Kind(_topic),
    "subscribed_topic": Kind(_subscribed),
    "application": Kind(_application),
    "target": Kind(_target),
    "table": Kind(table),
    "index": Kind(_index),
    "in_table": Kind(_in_table),
}
