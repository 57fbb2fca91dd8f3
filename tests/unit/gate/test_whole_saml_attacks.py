"""Forged and wrapped SAML responses, through the whole gate."""

import base64
import copy
import hmac
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod

from tests.unit.gate.saml_stage import (
    INVALID,
    UNSIGNED,
    Stage,
    refused,
    staged,
)
from tests.unit.services.assertions.openid import RSA
from tests.unit.services.assertions.responses import (
    CERTIFICATES,
    DS,
    A,
    encoded,
    sign,
)
from tests.unit.services.assertions.wrapping import (
    ASSERTION,
    WRAPS_OF_ASSERTIONS,
    WRAPS_OF_RESPONSES,
    Element,
    Wrap,
)


@pytest.mark.parametrize("wrap", WRAPS_OF_ASSERTIONS)
def test_a_wrapped_assertion_is_refused(tmp_path: Path, wrap: Wrap) -> None:
    """Mallory never signs in, and neither does Alice by such a document."""

    async def play(stage: Stage) -> None:
        root = etree.fromstring(sign(stage.said().xml()))
        wrapped = wrap(root, root.find(ASSERTION))
        answer = await stage.send(etree.tostring(wrapped))
        refused(answer, 400, "InvalidIdentityToken")

    staged(tmp_path, play)


@pytest.mark.parametrize("wrap", WRAPS_OF_RESPONSES)
def test_a_wrapped_response_is_refused(
    tmp_path: Path, wrap: Callable[[Element], Element]
) -> None:
    """The same with a signature over the whole response."""

    async def play(stage: Stage) -> None:
        root = etree.fromstring(sign(stage.said().xml(), "response"))
        answer = await stage.send(etree.tostring(wrap(root)))
        refused(answer, 400, "InvalidIdentityToken")

    staged(tmp_path, play)


@pytest.mark.parametrize("what", ["assertion", "response"])
def test_what_is_changed_after_signing(tmp_path: Path, what: str) -> None:
    """One letter of the name, one attribute more, the role: the signature is none."""

    async def play(stage: Stage) -> None:
        sent = sign(stage.said().xml(), what)
        for old, new in (
            (b">alice<", b">alicf<"),
            (b"role/staff", b"role/admin"),
            (b"<saml:AuthnContext>", b"<saml:AuthnContext><!---->"),
            (
                b"</saml:AttributeStatement>",
                b"<saml:Attribute/></saml:AttributeStatement>",
            ),
        ):
            assert old in sent
            changed = sent.replace(old, new)
            refused(await stage.send(changed), 400, "InvalidIdentityToken")

    staged(tmp_path, play)


def test_a_comment_does_not_cut_a_name(tmp_path: Path) -> None:
    """A comment that canonicalization drops would split the text that a reader sees."""

    async def play(stage: Stage) -> None:
        sent = sign(stage.said(name_id="admin@example.org.evil.example").xml())
        split = sent.replace(b"admin@example.org", b"admin@example.org<!-- -->")
        refused(await stage.send(split), 400, "InvalidIdentityToken", INVALID)

    staged(tmp_path, play)


def test_no_signature_is_none(tmp_path: Path) -> None:
    """Without one, with one by a stranger's key, with one over something else."""

    async def play(stage: Stage) -> None:
        said = stage.said()
        refused(
            await stage.send(said.xml().encode()), 400, "InvalidIdentityToken", UNSIGNED
        )
        # The stranger's own certificate stands in it, and counts for nothing.
        refused(
            await stage.send(sign(said.xml(), key=RSA[1])),
            400,
            "InvalidIdentityToken",
            UNSIGNED,
        )
        # The response's signature is good, the assertion's is a stranger's.
        both = sign(sign(said.xml(), key=RSA[1]).decode(), "response")
        refused(await stage.send(both), 400, "InvalidIdentityToken", UNSIGNED)
        both = sign(sign(said.xml()).decode(), "response")
        assert (await stage.send(both)).status == 200

    staged(tmp_path, play)


@pytest.mark.parametrize(
    "more",
    [
        {"method": SignatureMethod.RSA_SHA1, "lenient": True},
        {"digest": DigestAlgorithm.SHA1, "lenient": True},
        {"method": SignatureMethod.RSA_SHA224},
        {"c14n": "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"},
    ],
)
def test_weak_and_odd_algorithms(tmp_path: Path, more: dict[str, object]) -> None:
    """SHA-1 is broken, and comments have no place in what is signed."""

    async def play(stage: Stage) -> None:
        sent = sign(stage.said().xml(), **more)
        refused(await stage.send(sent), 400, "InvalidIdentityToken", UNSIGNED)

    staged(tmp_path, play)


@pytest.mark.parametrize(
    "more",
    [
        {"method": SignatureMethod.RSA_SHA384, "digest": DigestAlgorithm.SHA512},
        {"method": SignatureMethod.SHA256_RSA_MGF1},
        {"c14n": "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"},
    ],
)
def test_sound_algorithms(tmp_path: Path, more: dict[str, object]) -> None:
    """What providers use beside the usual."""

    async def play(stage: Stage) -> None:
        answer = await stage.send(sign(stage.said().xml(), **more))
        assert answer.status == 200, answer.body

    staged(tmp_path, play)


def test_a_public_key_is_no_shared_secret(tmp_path: Path) -> None:
    """A MAC with the certificate or its key as the secret is no signature."""

    async def play(stage: Stage) -> None:
        sent = sign(stage.said().xml()).replace(
            b"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            b"http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        )
        root = etree.fromstring(sent)
        signed_info = etree.tostring(
            root.find(f".//{{{DS}}}SignedInfo"), method="c14n", exclusive=True
        )
        value = root.find(f".//{{{DS}}}SignatureValue")
        for secret in (
            CERTIFICATES[RSA[0]].public_bytes(Encoding.DER),
            CERTIFICATES[RSA[0]].public_bytes(Encoding.PEM),
        ):
            value.text = base64.b64encode(
                hmac.digest(secret, signed_info, "sha256")
            ).decode()
            answer = await stage.send(etree.tostring(root))
            refused(answer, 400, "InvalidIdentityToken", UNSIGNED)

    staged(tmp_path, play)


def test_a_signature_over_something_else(tmp_path: Path) -> None:
    """A reference to the status, to the whole document or to nothing does not count."""

    async def play(stage: Stage) -> None:
        sent = sign(stage.said().xml())
        root = etree.fromstring(sent)
        name = root.find(ASSERTION).get("ID")
        for uri in ("", "#_r1", "#_nothing", "#xpointer(/)", "https://example.org/"):
            changed = sent.replace(f'URI="#{name}"'.encode(), f'URI="{uri}"'.encode())
            assert changed != sent
            refused(await stage.send(changed), 400, "InvalidIdentityToken", UNSIGNED)
        reference = root.find(f".//{{{DS}}}Reference")
        reference.getparent().append(copy.deepcopy(reference))
        answer = await stage.send(etree.tostring(root))
        refused(answer, 400, "InvalidIdentityToken", UNSIGNED)

    staged(tmp_path, play)


@pytest.mark.threat("T57")
@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE x [<!ENTITY a "alice">]>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1/"> %p;]>',
        '<?xml-stylesheet href="x"?>',
        '<?xml version="1.0" encoding="utf-16"?><!-- x -->',
    ],
)
def test_declarations_are_refused(tmp_path: Path, head: str) -> None:
    """Document types, entities and instructions have no place in a response."""

    async def play(stage: Stage) -> None:
        sent = head.encode() + sign(stage.said().xml())
        refused(await stage.send(sent), 400, "InvalidIdentityToken", INVALID)

    staged(tmp_path, play)


@pytest.mark.threat("T57")
def test_what_is_no_response(tmp_path: Path) -> None:
    """Too deep, of another root, of another version, no XML, no base64."""

    async def play(stage: Stage) -> None:
        whole = stage.said().xml()
        bare = etree.fromstring(sign(whole)).find(ASSERTION)
        for bad in (
            encoded(b"<a>" * 5000 + b"</a>" * 5000),
            encoded(b"<a>" + b"<b/>" * 15_000 + b"</a>"),
            encoded(etree.tostring(bare)),
            encoded(
                sign(whole).replace(b'Version="2.0" Issue', b'Version="1.1" Issue', 1)
            ),
            encoded(sign(whole).replace(b"alice", b"\xff\xfe")),
            encoded(b"no xml"),
            "!!!!",
            "YWJj" + "=" * 5,
        ):
            refused(await stage.send(bad), 400, "InvalidIdentityToken", INVALID)
        # A declaration of UTF-8, a byte order mark and line ends in base64 are fine.
        sent = b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?>\r\n' + sign(whole)
        text = encoded(sent)
        lines = "\r\n".join(text[at : at + 76] for at in range(0, len(text), 76))
        assert (await stage.send(lines)).status == 200

    staged(tmp_path, play)


def test_encrypted_assertions_are_refused_in_plain_words(tmp_path: Path) -> None:
    """No private key is kept here, so nothing could open one."""

    async def play(stage: Stage) -> None:
        root = etree.fromstring(sign(stage.said().xml()))
        inner = root.find(ASSERTION)
        outer = etree.Element(f"{{{A}}}EncryptedAssertion")
        root.replace(inner, outer)
        outer.append(inner)
        refused(
            await stage.send(etree.tostring(root)),
            400,
            "InvalidIdentityToken",
            "Encrypted SAML assertions are not supported.",
        )

    staged(tmp_path, play)


@pytest.mark.threat("T137")
def test_canonicalization_is_little_work(tmp_path: Path) -> None:
    """What takes the square of names for each element is refused before a signature.

    A thousand namespaces and five thousand elements took half a minute of a thread,
    and anybody can send them.
    """

    async def play(stage: Stage) -> None:
        sent = sign(stage.said().xml())
        root = b"<samlp:Response "
        for count, is_good in ((28, True), (40, False)):
            names = b" ".join(b'xmlns:n%d="urn:n"' % n for n in range(count))
            wide = sign(
                stage.said()
                .xml()
                .replace(root.decode(), f"{root.decode()}{names.decode()} ")
            )
            answer = await stage.send(wide)
            if is_good:
                assert answer.status == 200, answer.body
            else:
                refused(answer, 400, "InvalidIdentityToken", INVALID)
        attributes = b" ".join(b'a%d=""' % n for n in range(100))
        answer = await stage.send(sent.replace(root, root + attributes + b" "))
        refused(answer, 400, "InvalidIdentityToken", INVALID)

    staged(tmp_path, play)
