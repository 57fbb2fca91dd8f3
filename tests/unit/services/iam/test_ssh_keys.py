"""SSH public keys of users."""

import re
import subprocess
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ostiary.identity.holdings import SSHPublicKey
from ostiary.identity.model import User
from tests.unit.identity.minting import NOW
from tests.unit.services.iam.pems import rsa_key
from tests.unit.services.iam.world import World, caller_of

UNKNOWN = "APKAXXXXXXXXXXXXXXXXX"
PUBLIC = rsa_key().public_key()
SSH = PUBLIC.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
PEM = PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.fixture
def alice(world: World) -> User:
    """A user without a key."""
    return world.user("Alice")


def upload(world: World, body: str = SSH, user: str = "Alice") -> Any:
    """A new key as it is shown."""
    return world.call("UploadSSHPublicKey", UserName=user, SSHPublicKeyBody=body)[
        "SSHPublicKey"
    ]


def refusal(world: World, body: str) -> str:
    """The code that the key is refused with."""
    code, _ = world.refused(
        "UploadSSHPublicKey", UserName="Alice", SSHPublicKeyBody=body
    )
    return code


def test_a_key_comes_back_in_either_encoding(world: World, alice: User) -> None:
    """As OpenSSH writes it with its comment, or as PEM."""
    shown = upload(world, f" {SSH} me@home\n")
    assert re.fullmatch("APKA[A-Z2-7]{17}", shown["SSHPublicKeyId"])
    assert shown == {
        "UserName": "Alice",
        "SSHPublicKeyId": shown["SSHPublicKeyId"],
        "Fingerprint": shown["Fingerprint"],
        "SSHPublicKeyBody": f"{SSH} me@home",
        "Status": "Active",
        "UploadDate": NOW,
    }
    named = {"UserName": "Alice", "SSHPublicKeyId": shown["SSHPublicKeyId"]}
    assert world.call("GetSSHPublicKey", **named, Encoding="SSH") == {
        "SSHPublicKey": shown
    }
    as_pem = world.call("GetSSHPublicKey", **named, Encoding="PEM")["SSHPublicKey"]
    assert as_pem == shown | {"SSHPublicKeyBody": PEM}


def test_a_key_may_be_sent_as_pem(world: World, alice: User) -> None:
    """It is the same key."""
    assert upload(world, PEM)["SSHPublicKeyBody"] == SSH
    assert refusal(world, SSH) == "DuplicateSSHPublicKey"
    world.user("Bob")
    upload(world, SSH, "Bob")


def test_the_fingerprint_is_the_one_of_ssh_keygen(
    world: World, alice: User, tmp_path: Path
) -> None:
    """MD5, in pairs with colons."""
    shown = upload(world)["Fingerprint"]
    assert re.fullmatch("[0-9a-f]{2}(:[0-9a-f]{2}){15}", shown)
    tool = which("ssh-keygen")
    if tool is not None:
        file = tmp_path / "key.pub"
        file.write_text(SSH)
        told = subprocess.run(
            [tool, "-l", "-E", "md5", "-f", file], capture_output=True, text=True, check=True
        ).stdout  # fmt: skip
        assert f"MD5:{shown} " in told


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("AAAA", "UnrecognizedPublicKeyEncoding"),
        (f"{SSH}\n{SSH}", "UnrecognizedPublicKeyEncoding"),
        ("ssh-rsa AAAA", "InvalidPublicKey"),
        ("ssh-rsa", "InvalidPublicKey"),
        (
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
            "InvalidPublicKey",
        ),
        (
            ed25519.Ed25519PrivateKey.generate()
            .public_key()
            .public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
            .decode(),
            "InvalidPublicKey",
        ),
        (
            ec.generate_private_key(ec.SECP256R1())
            .public_key()
            .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            .decode(),
            "InvalidPublicKey",
        ),
        (
            rsa_key(1024)
            .public_key()
            .public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
            .decode(),
            "InvalidPublicKey",
        ),
    ],
    ids=lambda value: value[:24],
)
def test_what_is_no_key(world: World, alice: User, body: str, code: str) -> None:
    """RSA with 2048 bits at least, one key, in one of two encodings."""
    assert refusal(world, body) == code


def test_a_key_is_switched_off_and_deleted(world: World, alice: User) -> None:
    """Only the user's own is found (facts 10.4)."""
    named = {"UserName": "Alice", "SSHPublicKeyId": upload(world)["SSHPublicKeyId"]}
    world.call("UpdateSSHPublicKey", **named, Status="Inactive")
    listed = world.call("ListSSHPublicKeys", caller_of(alice))
    assert listed == {
        "SSHPublicKeys": [
            {
                "UserName": "Alice",
                "SSHPublicKeyId": named["SSHPublicKeyId"],
                "Status": "Inactive",
                "UploadDate": NOW,
            }
        ],
        "IsTruncated": False,
    }
    world.user("Bob")
    for other in (named | {"UserName": "Bob"}, named | {"SSHPublicKeyId": UNKNOWN}):
        absent = (
            "NoSuchEntity",
            f"The Public Key with id {other['SSHPublicKeyId']} cannot be found.",
        )
        assert world.refused("GetSSHPublicKey", **other, Encoding="SSH") == absent
        assert world.refused("UpdateSSHPublicKey", **other, Status="Active") == absent
        assert world.refused("DeleteSSHPublicKey", **other) == absent
    world.call("DeleteSSHPublicKey", **named)
    assert world.call("ListSSHPublicKeys", UserName="Alice")["SSHPublicKeys"] == []


@pytest.mark.threat("T101", "T102")
def test_a_user_has_five_keys(world: World, alice: User) -> None:
    """And not one more; pages show them all (facts 10.2)."""
    world.fill(_keys(alice, 5))
    assert refusal(world, SSH) == "LimitExceeded"
    pages = world.pages(
        "ListSSHPublicKeys", "SSHPublicKeys", UserName="Alice", MaxItems=2
    )
    assert [len(page) for page in pages] == [2, 2, 1]


def _keys(user: User, count: int) -> list[SSHPublicKey]:
    return [
        SSHPublicKey(
            id=f"APKA{n:017}", account=user.account, user=user.id, body="", fingerprint=str(n), status="Active", created=NOW
        )
        for n in range(count)
    ]  # fmt: skip


def test_a_key_keeps_its_user(world: World, alice: User) -> None:
    """Nothing is deleted along with a user (facts 10.6)."""
    upload(world)
    assert world.refused("DeleteUser", UserName="Alice") == (
        "DeleteConflict",
        "Cannot delete entity, must remove referenced objects first.",
    )
