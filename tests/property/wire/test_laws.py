"""Laws of the wire, for whatever arrives."""

from dataclasses import replace
from urllib.parse import quote, urlencode
from xml.parsers import expat

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ostiary.wire import catalog, faults, form, refusals, sigv4
from ostiary.wire.faults import Fault
from ostiary.wire.http import Request
from ostiary.wire.json import StrictJSONError, load_object
from ostiary.wire.reasons import AuthenticationError
from ostiary.wire.service import BY_NAME, S3, UNKNOWN_JSON
from ostiary.wire.xml import MalformedXMLError, escape, escape_any, parse
from tests.unit.wire.made import NOW, SECRET, request, signed

RAW = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=60)
TEXT = st.text(
    st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=20
)
WORDS = st.sampled_from(
    (
        "AWS4-HMAC-SHA256 ",
        "Credential=",
        "A/20150830/us-east-1/sts/aws4_request",
        "SignedHeaders=",
        "host;x-amz-date",
        "Signature=",
        "0" * 64,
        ", ",
        ",",
        "=",
        "é",
        "/",
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&",
        "X-Amz-Credential=",
        "X-Amz-Signature=",
        "X-Amz-Date=20150830T123600Z&",
        "X-Amz-Expires=9&",
        "X-Amz-SignedHeaders=host&",
        "&",
        "%",
        "+",
    )
)
MIXED = st.lists(WORDS | RAW, max_size=12).map("".join)
NAMES = st.sampled_from(
    (
        "authorization",
        "host",
        "x-amz-date",
        "date",
        "x-amz-security-token",
        "x-amz-content-sha256",
        "x-amz-target",
        "content-type",
        "x-amz-copy-source",
        "x_amz_date",
        "x-amz-meta-a_b",
    )
)
VALUES = MIXED | st.sampled_from(
    (
        "20150830T123600Z",
        "UNSIGNED-PAYLOAD",
        "application/x-www-form-urlencoded",
        "application/x-amz-json-1.0",
        "DynamoDB_20120810.GetItem",
        "/b/k?versionId=v",
    )
)
REQUESTS = st.builds(
    Request,
    method=st.sampled_from(("GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "")),
    path=MIXED | MIXED.map(lambda text: f"/{text}"),
    query=MIXED | st.just("Action=GetUser&Version=2010-05-08"),
    headers=st.lists(st.tuples(NAMES, VALUES), max_size=8).map(tuple),
    body=st.binary(max_size=40)
    | st.sampled_from(
        (b"Action=GetCallerIdentity&Version=2011-06-15", b"{}", b"<Delete/>")
    ),
    secure=st.booleans(),
    peer=st.just("127.0.0.1"),
)


@pytest.mark.threat("T39", "T51")
@given(REQUESTS)
@settings(max_examples=400, deadline=None)
def test_whatever_arrives_is_a_claim_or_a_refusal(arrived: Request) -> None:
    """Nothing that a client sends raises anything but our own refusals, or is proved."""
    refusal = None
    try:
        claim = sigv4.read_claim(arrived)
        if claim is not None:
            sigv4.verify(arrived, claim, SECRET, NOW, allow_unsigned=True)
            pytest.fail("proved without a signature")
    except AuthenticationError as error:
        refusal = error
    if refusal is not None:
        service = catalog.route(arrived, None)
        fault = refusals.refuse(service, refusal)
        assert faults.render(fault, service, "rid").status >= 400


@given(REQUESTS, st.sampled_from([*BY_NAME.values(), S3, UNKNOWN_JSON]))
@settings(max_examples=600, deadline=None)
def test_whatever_arrives_is_a_target_or_a_fault(
    arrived: Request, service: catalog.Service
) -> None:
    """Reading ends in a target or in a fault that renders."""
    fault = target = None
    try:
        target = catalog.read(arrived, service)
    except Fault as caught:
        fault = caught
    if fault is not None:
        assert faults.render(fault, service, "rid").status >= 400
    else:
        assert target is not None
        assert target.service.name == service.name


@pytest.mark.threat("T44")
@given(st.dictionaries(TEXT.filter(bool), TEXT, max_size=8))
def test_a_form_that_was_written_is_read_back(pairs: dict[str, str]) -> None:
    """Encoding then reading gives names and values back, in order."""
    assert list(form.read_pairs(urlencode(pairs)).items()) == list(pairs.items())


@pytest.mark.threat("T44")
@given(st.dictionaries(TEXT.filter(bool), TEXT, min_size=1, max_size=5), st.data())
def test_a_repeated_name_is_always_refused(
    pairs: dict[str, str], data: st.DataObject
) -> None:
    """However it is spelled, a name may stand once."""
    again = data.draw(st.sampled_from(sorted(pairs)))
    spelled = "".join(f"%{byte:02x}" for byte in again.encode())

    with pytest.raises(Fault):
        form.read_pairs(f"{urlencode(pairs)}&{spelled}=")


@given(
    st.recursive(
        TEXT,
        lambda inner: (
            st.lists(inner, min_size=1, max_size=3)
            | st.dictionaries(
                st.from_regex(r"[A-Za-z]{1,5}", fullmatch=True),
                inner,
                min_size=1,
                max_size=3,
            )
        ),
        max_leaves=8,
    )
)
def test_nesting_is_undone_by_flattening(value: form.Node) -> None:
    """Dotted names written from a value nest to that value again."""
    flat: list[tuple[str, str]] = []

    def flatten(name: str, node: form.Node) -> None:
        if isinstance(node, str):
            flat.append((name, node))
            return
        pairs = (
            node.items()
            if isinstance(node, dict)
            else ((str(n), e) for n, e in enumerate(node, 1))
        )
        for key, inner in pairs:
            flatten(f"{name}.{key}", inner)

    flatten("Top", value)

    assert form.nest(flat) == {"Top": value}


@pytest.mark.threat("T56")
@given(st.text())
@example("]]>")
@example("\r\n\t")
def test_escaped_text_is_read_back_by_a_strict_parser(text: str) -> None:
    """What can be written comes back; what cannot is refused, or replaced in faults."""
    expat.ParserCreate().Parse(f"<a>{escape_any(text)}</a>".encode(), 1)
    try:
        escaped = escape(text)
    except ValueError:
        return

    assert parse(f"<a>{escaped}</a>".encode(), "").text == text


@pytest.mark.threat("T57")
@given(
    st.binary(max_size=60)
    | st.lists(
        st.sampled_from(
            (
                b"<a>",
                b"</a>",
                b"<!DOCTYPE a>",
                b"&x;",
                b"t",
                b"<?p?>",
                b"<![CDATA[",
                b"]]>",
                b"<!--",
                b"-->",
            )
        ),
        max_size=12,
    ).map(b"".join)
)
def test_any_document_is_read_or_malformed(document: bytes) -> None:
    """The XML reader raises its own error and no other."""
    try:
        parse(document, "")
    except MalformedXMLError:
        return
    assert b"<!DOCTYPE" not in document.partition(b"<a>")[0]


@given(
    st.binary(max_size=40)
    | st.text(alphabet='{}[]",:0123456789eE.-+tfn\\u ', max_size=40).map(str.encode)
)
def test_any_body_is_json_or_refused(body: bytes) -> None:
    """The JSON reader raises its own error and no other."""
    try:
        assert isinstance(load_object(body), dict)
    except StrictJSONError:
        return


@pytest.mark.threat("T47")
@given(TEXT.filter(lambda key: key and len(key.encode()) <= 1024))
@example("a//b/../c/./")
@example("%2e%2e/")
def test_a_key_survives_its_path(key: str) -> None:
    """Any key that a client encodes once is the key that is authorized."""
    target = catalog.read(request("GET", f"/bucket/{quote(key, safe='/')}"), S3)

    assert target.key == key


@pytest.mark.threat("T46")
@given(
    st.sampled_from(("sts", "s3")),
    st.lists(
        st.tuples(
            st.sampled_from(("x-amz-meta-a", "content-type", "x-amz-b")),
            RAW.map(lambda v: v.strip(" \t")),
        ),
        max_size=3,
        unique_by=lambda p: p[0],
    ),
    RAW.map(lambda text: "/" + quote(text, safe="/.~%")),
    st.dictionaries(TEXT, TEXT, max_size=3).map(
        lambda d: urlencode(d, quote_via=quote)
    ),
    st.binary(max_size=20),
)
def test_sign_then_verify_accepts(
    service: str, headers: list[tuple[str, str]], path: str, query: str, body: bytes
) -> None:
    """What our signer signs, our verifier proves, and not for another secret."""
    plain = request("PUT", path, query=query, headers=headers, body=body)
    arrived = signed(plain, service)
    claim = sigv4.read_claim(arrived)
    assert claim is not None

    sigv4.verify(arrived, claim, SECRET, NOW)

    for other in (
        replace(arrived, body=body + b"x"),
        replace(arrived, path=f"{path}x"),
    ):
        with pytest.raises(AuthenticationError):
            sigv4.verify(other, claim, SECRET, NOW)
    with pytest.raises(AuthenticationError):
        sigv4.verify(arrived, claim, f"{SECRET}x", NOW)
