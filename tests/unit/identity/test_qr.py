"""The QR code that CreateVirtualMFADevice answers with."""

import io

import pytest
import zxingcpp
from PIL import Image

from ostiary.identity import ids, qr, totp
from tests.unit.identity.minting import Stream


@pytest.mark.rule("M1")
@pytest.mark.parametrize("name", ["Diego", "a+b=c,d.e@f-g_h", "x" * 226])
def test_a_scanner_reads_the_uri(name: str) -> None:
    """A scanner finds one QR code in the PNG, and in it the URI itself."""
    uri = totp.otpauth_uri("123456789012", name, ids.seed(Stream()))
    image = Image.open(io.BytesIO(qr.png(uri)))
    assert image.format == "PNG"
    found = zxingcpp.read_barcodes(image.convert("L"))
    assert [(code.format, code.text) for code in found] == [
        (zxingcpp.BarcodeFormat.QRCode, uri)
    ]


def test_the_image_follows_from_the_text() -> None:
    """The PNG holds no time and no name of its maker: same text, same bytes."""
    assert qr.png("otpauth://totp/a?secret=b") == qr.png("otpauth://totp/a?secret=b")
