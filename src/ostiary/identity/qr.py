"""A QR code that a phone scans."""

import io

_MODULE_PIXELS = 4
_QUIET_ZONE = 4
"""Modules of white around the code that ISO 18004 asks for."""


def png(uri: str) -> bytes:
    """The text as a QR code in a PNG image, black on white."""
    # Here, not above: only CreateVirtualMFADevice draws, and segno loads slowly.
    import segno  # noqa: PLC0415 - see the line above

    out = io.BytesIO()
    segno.make_qr(uri, error="m").save(
        out, kind="png", scale=_MODULE_PIXELS, border=_QUIET_ZONE
    )
    return out.getvalue()
