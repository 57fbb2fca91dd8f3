"""Whether two patterns have a text in common, and where a bucket's name ends."""

import pytest

from ostiary.policy.lint_catalogue import Action, ResourceType
from ostiary.policy.lint_resources import _may_be, _works_on, overlap

BUCKET = "arn:${Partition}:s3:::${BucketName}"
OBJECT = f"{BUCKET}/${{ObjectName}}"
USERS = "arn:${Partition}:iam::${Account}:user/${UserNameWithPath}"
FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function"
ALIAS = "arn:${Partition}:lambda:${Region}:${Account}:function:${Name}:${Alias}"
QUEUE = "arn:${Partition}:sqs:${Region}:${Account}:${QueueName}"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a*c", "a/c", True),
        ("a*c", "a?c", True),
        ("a*", "*b", True),
        ("a*", "b*", False),
        ("a?", "a", False),
        ("?*", "", False),
        ("*", "", True),
        ("", "", True),
        ("a", "b", False),
        ("a*b*c", "a/b/d", False),
        # The name of a bucket, which any text without a slash is.
        ("\x01", "ab", True),
        ("\x01", "a*", True),
        ("\x01", "a/b", False),
        ("\x01", "*", True),
        ("a\x01c", "a/c", False),
    ],
)
def test_patterns_with_a_text_in_common(one: str, other: str, expected: bool) -> None:
    """Facts 3.3: a star is any text, with slashes too."""
    assert overlap(one, other) is expected
    assert overlap(other, one) is expected


@pytest.mark.threat("T83")
def test_patterns_of_many_stars_are_compared_once_at_each_place() -> None:
    """Threats T83: the work is that of a table, not of all ways through it."""
    assert overlap("*a" * 40 + "b", "*a" * 40 + "c") is False


@pytest.mark.parametrize(
    ("text", "arn", "expected"),
    [
        ("arn:aws:s3:::books", BUCKET, True),
        ("arn:aws:s3:::b*", BUCKET, True),
        ("arn:aws:s3:::books/x", BUCKET, False),
        ("arn:aws:s3:::books/*", BUCKET, False),
        ("arn:aws:s3:::books/*", OBJECT, True),
        ("arn:aws:s3:::books", OBJECT, False),
        ("arn:aws:s3:::b*", OBJECT, True),
        ("arn:aws:s3:::${aws:username}", BUCKET, True),
        ("arn:aws:sqs:us-east-1:111122223333:q", QUEUE, True),
        ("arn:aws:sqs:us-east-1:111122223333:q/r", QUEUE, True),
        ("ARN:aws:SQS:us-east-1:111122223333:q", QUEUE, True),
        ("arn:aws:sns:us-east-1:111122223333:q", QUEUE, False),
        ("arn:aws:sqs", QUEUE, True),
        ("*", QUEUE, True),
        (f"{FUNCTION}:pay", ALIAS, False),
        (f"{FUNCTION}:pay:live", ALIAS, True),
    ],
)
def test_a_pattern_and_the_form_of_an_arn(text: str, arn: str, expected: bool) -> None:
    """Facts 3.3: the name of a bucket holds no slash; other blanks may."""
    assert _may_be(text, arn) is expected


@pytest.mark.parametrize(
    ("forms", "text", "expected"),
    [
        ([USERS], "arn:aws:iam::111122223333:root", True),
        ([USERS], "arn:aws:iam::111122223333:user/x", True),
        ([USERS], "arn:aws:iam::111122223333:role/x", False),
        ([USERS.replace("user/", "role/")], "arn:aws:iam::111122223333:root", False),
        ([USERS.replace(":iam::", ":sts::")], "arn:aws:iam::111122223333:root", False),
        ([QUEUE, USERS], "arn:aws:iam::111122223333:root", True),
        ([], "arn:aws:iam::111122223333:root", False),
    ],
)
def test_what_works_on_users_works_on_root(
    forms: list[str], text: str, expected: bool
) -> None:
    """Facts 3.4: root has keys and devices as users have, and an ARN unlike theirs."""
    types = tuple(ResourceType(name="x", arn=one) for one in forms)
    action = Action(name="iam:X", resources=types, keys=frozenset())
    assert _works_on(action, text) is expected
