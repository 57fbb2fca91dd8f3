"""Principals of a policy as unique ids, and back."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.services.iam.principals import InvalidPrincipal, resolve, restore

ARN = "arn:aws:iam::123456789012:user/dev/Alice"
ROLE = "arn:aws:iam::123456789012:role/Ops"
IDS = {ARN: "AIDAAAAAAAAAAAAAAAAA2", ROLE: "AROAAAAAAAAAAAAAAAAA3"}
ARNS = {unique_id: arn for arn, unique_id in IDS.items()}


def _policy(principal: object, word: str = "Principal") -> str:
    return json.dumps({"Statement": [{word: principal, "Resource": [ARN]}]})


@pytest.mark.parametrize("word", ["Principal", "NotPrincipal"])
@pytest.mark.parametrize(
    "principal",
    [{"AWS": ARN}, {"AWS": [ARN, "*", ROLE]}, {"Service": "a.b", "AWS": ROLE}],
)
def test_principals_become_ids_and_come_back(word: str, principal: object) -> None:
    """Both elements, one string or a list; a resource of the same text stays."""
    text = _policy(principal, word)
    stored = resolve(text, IDS.get)
    expected = json.loads(text)
    members = expected["Statement"][0][word]
    aws = members["AWS"]
    members["AWS"] = (
        [IDS.get(one, one) for one in aws] if isinstance(aws, list) else IDS[aws]
    )
    assert json.loads(stored) == expected
    assert restore(stored, ARNS.get) == text


@pytest.mark.parametrize(
    "text",
    [
        _policy("*"),
        _policy({"AWS": "123456789012"}),
        _policy({"Federated": ARN, "Service": ARN, "CanonicalUser": ARN}),
        json.dumps({"Statement": {"Condition": {"StringEquals": {"AWS": ARN}}}}),
        json.dumps({"Statement": {"Condition": {"Principal": {"AWS": ARN}}}}),
        json.dumps({"Principal": {"AWS": ARN}}),
        json.dumps({"Id": '"Principal": {"AWS": "' + ARN + '"}'}),
        '{"Statement": {"Principal": {"AWS": []}, "n": [1, -2.5e3, true, false, null]}}',
    ],
)
def test_all_other_text_stays(text: str) -> None:
    """Only strings under Statement, Principal, AWS are principals to look up."""
    assert resolve(text, IDS.get) == text
    assert restore(text, ARNS.get) == text


def test_one_statement_needs_no_list() -> None:
    """A bare statement is read as a list of one."""
    text = json.dumps({"Statement": {"Principal": {"AWS": ARN}}})
    assert resolve(text, IDS.get) == text.replace(ARN, IDS[ARN])


def test_escapes_do_not_hide_a_principal() -> None:
    """Keys and values are read as JSON reads them."""
    text = r'{"Statement":{"Principal":{"\u0041WS":"arn:aws:iam::123456789012:user\/dev\/Alic\u0065"}}}'
    assert (
        resolve(text, IDS.get)
        == r'{"Statement":{"Principal":{"\u0041WS":"' + IDS[ARN] + '"}}}'
    )


@pytest.mark.parametrize(
    "principal",
    [
        "arn:aws:iam::123456789012:user/dev/alice",
        "arn:aws:iam::12345678901\u0662:user/dev/Alice",
        "arn:aws:iam::123456789012:root\n",
        "arn:aws:iam::*:root",
        "arn:aws:iam::123456789012:group/Devs",
        "arn:aws:sts::123456789012:assumed-role/Ops/*",
        "AIDAAAAAAAAAAAAAAAAA9",
        "1234567890123",
        "",
    ],
)
def test_nobody_is_no_principal(principal: str) -> None:
    """The exception holds the principal as it was written."""
    with pytest.raises(InvalidPrincipal) as refusal:
        resolve(_policy({"AWS": [ARN, principal]}), IDS.get)
    assert refusal.value.spelled == json.dumps(principal)


def test_ids_without_entity_are_shown_as_they_are() -> None:
    """What was deleted is shown by its id (facts 3.4)."""
    text = _policy({"AWS": IDS[ARN]})
    assert restore(text, {}.get) == text


@pytest.mark.parametrize(
    "text", ['{"Statement": "', '{"a": "\\', '"' * 100_001, '{"a"::1}']
)
def test_broken_text_is_refused_quickly(text: str) -> None:
    """Text that is no JSON is an error of the caller's, and costs linear time."""
    with pytest.raises(ValueError, match="not JSON"):
        resolve(text + ":", IDS.get)


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from([ARN, *ARNS]),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.text() | st.sampled_from(["Principal", "AWS", "Statement"]), inner
        )
    ),
)


@settings(deadline=None)
@given(_VALUES, st.sampled_from([None, 0, 3, "\t"]), st.booleans())
def test_restoring_what_names_nobody_changes_no_byte(
    value: object,
    indent: int | str | None,
    ascii_only: bool,
) -> None:
    """Any JSON text passes unchanged when no id is known."""
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert restore(text, {}.get) == text


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([ARN, ROLE, "*", "123456789012"])),
    _VALUES,
    st.sampled_from([None, 0, 3, "\t"]),
)
def test_restore_undoes_resolve(
    principals: list[str], noise: object, indent: int | str | None
) -> None:
    """What was saved is shown again, byte for byte."""
    tree = {
        "Id": noise,
        "Statement": [
            {"Sid": noise, "Principal": {"AWS": principals}},
            {"NotPrincipal": {"AWS": ARN}},
        ],
    }
    text = json.dumps(tree, indent=indent)
    stored = resolve(text, IDS.get)
    assert restore(stored, ARNS.get) == text
    assert stored.count(IDS[ROLE]) - text.count(IDS[ROLE]) == principals.count(ROLE)
