"""Which resources an element covers, and the keys that find it."""

import pytest

from ostiary.policy import Context, Kind, compile, parse  # noqa: A004 - the field's own word
from ostiary.policy.request import normal_resource
from ostiary.policy.resources import bind_resources, index_keys, resource_keys
from tests.unit.policy.asking import statement, text

BOOK = "arn:aws:s3:::books/2026/x"
QUEUE = "arn:aws:sqs:us-east-1:111122223333:q"


def covers(
    element: dict[str, object],
    resource: str,
    kind: Kind = Kind.IDENTITY,
    *,
    version: str = "2012-10-17",
    **context: str,
) -> bool | None:
    """What a statement with this element says of a resource; None: undecided."""
    more = {"Principal": "*"} if kind is Kind.RESOURCE else {}
    tree = {**statement(**more), **element}
    if "NotResource" in element:
        del tree["Resource"]
    document = parse(text(tree, Version=version), kind=kind)
    test = bind_resources(
        document.statements[0], kind, variables=document.has_variables
    )
    if test is None:
        return True
    values = {f"a:{key}": one for key, one in context.items()}
    return test(normal_resource(resource), Context(values).values_by_key)


@pytest.mark.parametrize(
    ("wanted", "resource", "expected"),
    [
        ("*", "*", True),
        (BOOK, BOOK, True),
        (BOOK, f"{BOOK}y", False),
        ("arn:aws:s3:::books/*", BOOK, True),
        ("arn:aws:s3:::books/*", "arn:aws:s3:::books", False),
        (["arn:aws:s3:::films", "arn:aws:s3:::books/*"], BOOK, True),
        (["arn:aws:s3:::films", "arn:aws:s3:::books/*"], "arn:aws:s3:::films", True),
        (["arn:aws:s3:::films", "arn:aws:s3:::books/*"], "arn:aws:s3:::film", False),
        (["arn:aws:s3:::films", QUEUE], QUEUE, True),
        (["arn:aws:s3:::f*", "arn:aws:s3:::b*"], BOOK, True),
        (["arn:aws:s3:::*x", "arn:aws:s3:::films"], BOOK, True),
        ("arn:*:s3:::books/*", BOOK, True),
        (["arn:*:s3:::films/*", "arn:*:s3:::books/*", QUEUE], BOOK, True),
        (["arn:*:s3:::films/*", QUEUE], QUEUE, True),
        ("arn:aws:sqs:*:111122223333:q", QUEUE, True),
        ("arn:aws:sqs:*:111122223333:q", f"{QUEUE}:more", False),
        ("arn:aws:sqs:*:111122223333:q:*", f"{QUEUE}:more:x", True),
        ("arn:aws:sqs:*", QUEUE, True),
        ("arn:aws:sqs:us-east-1", QUEUE, True),
        ("arn:aws:s3:::books/*", "*", False),
    ],
)
def test_what_a_resource_covers(wanted: object, resource: str, expected: bool) -> None:
    """Facts 3.3: part by part before the fifth colon, freely behind it."""
    assert covers({"Resource": wanted}, resource) is expected
    assert covers({"NotResource": wanted}, resource) is not expected


@pytest.mark.parametrize("kind", [Kind.RESOURCE, Kind.SCP, Kind.IDENTITY])
def test_short_arns(kind: Kind) -> None:
    """Facts 3.3: padded in the caller's policies, elsewhere only with a last wildcard."""
    assert covers({"Resource": "arn:aws:*"}, BOOK, kind) is True


def test_leaving_out_everything_covers_nothing() -> None:
    """Facts 3.3: `NotResource` with `*` leaves nothing over."""
    for resource in (BOOK, "*"):
        assert covers({"NotResource": "*"}, resource) is False
        assert covers({"NotResource": ["*", BOOK]}, resource) is False


def test_variables_in_resources() -> None:
    """Facts 3.5: without a value `Resource` matches nothing, and `NotResource` is undecided."""
    late = "arn:aws:s3:::books/${a:who}/*"
    mine = "arn:aws:s3:::books/sofia/x"
    assert covers({"Resource": late}, mine, who="sofia") is True
    assert covers({"Resource": late}, mine, who="eve") is False
    assert covers({"Resource": late}, mine) is False
    assert covers({"Resource": [late, mine]}, mine) is True
    assert covers({"NotResource": late}, mine) is None
    assert covers({"NotResource": late}, mine, who="eve") is True
    assert covers({"NotResource": [late, mine]}, mine) is False
    assert covers({"NotResource": ["arn:aws:*:::books/${a:who}", late]}, mine) is None
    old = {"version": "2008-10-17"}
    assert covers({"Resource": late}, mine, **old, who="sofia") is False
    assert covers({"Resource": late}, late.replace("*", "x"), **old) is True


def test_the_old_version_has_no_variables_before_the_fifth_colon_either() -> None:
    """Facts 3.5: there `${...}` is text, beside a wildcard too."""
    queue = "arn:aws:sqs:*${x}:111122223333:q"
    old = {"version": "2008-10-17"}
    assert covers({"Resource": queue}, queue.replace("*", "eu"), **old) is True
    assert covers({"Resource": queue}, queue.replace("*${x}", "eu"), **old) is False


@pytest.mark.parametrize(
    ("resource", "keys"),
    [
        (BOOK, ("", "arn:aws:s3:::books", "arn:aws:s3:::books/2026")),
        ("arn:aws:s3:::books", ("", "arn:aws:s3:::books")),
        ("arn:aws:s3:::books/x", ("", "arn:aws:s3:::books", "arn:aws:s3:::books/x")),
        (QUEUE, ("", QUEUE)),
        (f"{QUEUE}:a:b", ("", QUEUE, f"{QUEUE}:a")),
        (f"{QUEUE}:a/b", ("", QUEUE, f"{QUEUE}:a")),
        ("*", ("", "*")),
        ("a/b/c", ("", "a/b/c")),
        ("a/b/", ("", "a/b/")),
    ],
)
def test_the_keys_of_a_resource(resource: str, keys: tuple[str, ...]) -> None:
    """Nothing, up to the first and up to the second separator of the last part."""
    assert resource_keys(resource) == keys


@pytest.mark.parametrize(
    ("wanted", "keys"),
    [
        (BOOK, ["arn:aws:s3:::books/2026"]),
        ("arn:aws:s3:::books", ["arn:aws:s3:::books"]),
        ("arn:aws:s3:::books/*", ["arn:aws:s3:::books"]),
        ("arn:aws:s3:::books/2026/*", ["arn:aws:s3:::books/2026"]),
        ("arn:aws:s3:::books/2026/a/b*", ["arn:aws:s3:::books/2026"]),
        ("arn:aws:s3:::books/20*", ["arn:aws:s3:::books"]),
        ([BOOK, "arn:aws:s3:::f/*"], ["arn:aws:s3:::books/2026", "arn:aws:s3:::f"]),
        ("arn:aws:s3:::b*", None),
        ("arn:aws:s3:::*", None),
        ("arn:aws:sqs:*:*:q", None),
        ([BOOK, "arn:aws:s3:::b*"], None),
        ("*", None),
        (f"{QUEUE}:a*", [QUEUE]),
    ],
)
def test_the_keys_of_a_statement(wanted: object, keys: list[str] | None) -> None:
    """Each covered resource has one of the keys; none are told where that cannot be."""
    document = parse(text(statement(Resource=wanted)))
    one = document.statements[0]
    assert index_keys(one, variables=document.has_variables) == keys
    (compiled,) = compile(document).statements
    assert compiled.source is one
    negated = parse(text({"Effect": "Deny", "Action": "*", "NotResource": wanted}))
    assert index_keys(negated.statements[0], variables=True) is None
