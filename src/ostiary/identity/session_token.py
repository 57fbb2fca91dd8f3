"""Session tokens: a `Session` that a client carries, and nobody but us reads.

Layout: version (1 byte), id of the sealing key (8), salt (16), AES-256-GCM of the
session as compact JSON; all of it as canonical base64.
Everything in the clear is associated data of the sealed part.
Version 2 is a session that came from an identity provider, which carries its facts;
version 3 one that was scoped down, which carries its scopes beside them.
The secret access key is not inside: like the token's own key it is derived from
sealing key and salt, so no table holds it and no token leaks it.

Nothing is parsed before it authenticated (T25), and one token has one spelling
(T26).
Expiry is *not* checked here: `gate.authenticate` does that, with its own answer.
"""

import hmac
import json
from itertools import product
from types import NoneType

from ostiary.identity.facts import Facts
from ostiary.identity.ids import Mint, as_secret_access_key
from ostiary.identity.ring import Ring
from ostiary.identity.sealing import (
    KEY_BYTES,
    SALT_BYTES,
    Tampered,
    decode,
    encode,
    expand,
    seal,
    unseal,
)
from ostiary.identity.secret import Secret
from ostiary.identity.session import Session, SessionKind

MINT_LIMIT = 4096
"""Longest token in characters that we mint (threats, section 4)."""

ACCEPT_LIMIT = 8192
"""Longest token in characters that we look at."""

_LABEL = b"ostiary session 1\x00"
_VERSION = b"\x01"
_WITH_FACTS = b"\x02"
_WITH_SCOPES = b"\x03"
_VERSIONS = (_VERSION, _WITH_FACTS, _WITH_SCOPES)
_KEY_ID_BYTES = 8
_HEADER_BYTES = len(_VERSION) + _KEY_ID_BYTES + SALT_BYTES
_SECRET_BYTES = 30

_TYPES = {
    "access_key_id": (str,),
    "kind": (str,),
    "account": (str,),
    "principal": (str,),
    "name": (str,),
    "issued_at": (int,),
    "expires_at": (int,),
    "mfa_at": (int, NoneType),
    "issuer": (str,),
    "source_identity": (str,),
    "tags": (list,),
    "transitive": (list,),
    "policy": (str, NoneType),
    "policy_arns": (list,),
}
"""The places of the JSON array in order, and which types each of them takes."""

_FIELDS = tuple(_TYPES)
_TEXT = frozenset({str})
_SHAPES = frozenset(product(*_TYPES.values()))


class InvalidToken(Exception):  # noqa: N818 - a word of our glossary
    """The text is no session token of ours, or belongs to another access key."""


class UnknownSealingKey(InvalidToken):
    """The token names a sealing key that the ring lacks.

    A node that has not heard of a new key reads the ring again, once, before it
    refuses (T119). The name is not proven: anybody can make one up.
    """


class TokenTooLarge(Exception):  # noqa: N818 - a word of our glossary
    """The session does not fit a token; on the wire `PackedPolicyTooLarge`."""


def seal_session(session: Session, ring: Ring, mint: Mint) -> tuple[str, Secret]:
    """The session token, and the secret access key that goes with it.

    Raises:
        TokenTooLarge: the token would pass `MINT_LIMIT` characters.
        LookupError: the ring is empty.
    """
    salt = mint.random(SALT_BYTES)
    newest = ring.newest
    header = _version_of(session) + bytes.fromhex(newest.id) + salt
    key, secret = _derive(newest.key, salt)
    token = encode(header + seal(key, _write(session), header))
    if len(token) > MINT_LIMIT:
        raise TokenTooLarge(
            f"session token has {len(token)} characters, expected at most {MINT_LIMIT}"
        )
    return token, secret


def unseal_session(
    token: str, access_key_id: str, ring: Ring
) -> tuple[Session, Secret]:
    """The session that a token holds, and its secret access key.

    Args:
        token: the text as the client sent it.
        access_key_id: the id that the client signs with; it must be the one inside.
        ring: the sealing keys.

    Raises:
        UnknownSealingKey: the ring lacks the key that the token names.
        InvalidToken: everything else that is wrong with it, one answer for all.
    """
    try:
        raw = decode(token, limit=ACCEPT_LIMIT)
    except ValueError:
        raise InvalidToken("session token is not canonical base64") from None
    header = raw[:_HEADER_BYTES]
    if len(raw) <= _HEADER_BYTES or not header.startswith(_VERSIONS):
        raise InvalidToken("session token has no header that we know")
    sealing_key = ring.find(header[len(_VERSION) : -SALT_BYTES].hex())
    if sealing_key is None:
        raise UnknownSealingKey("session token names a sealing key that we lack")
    key, secret = _derive(sealing_key.key, header[-SALT_BYTES:])
    try:
        body = unseal(key, raw[_HEADER_BYTES:], header)
        session = _read(
            body,
            with_facts=not header.startswith(_VERSION),
            with_scopes=header.startswith(_WITH_SCOPES),
        )
    except (Tampered, ValueError):
        raise InvalidToken("session token does not open") from None
    if not _same(session.access_key_id, access_key_id):
        raise InvalidToken("session token belongs to another access key")
    return session, secret


def _derive(sealing_key: bytes, salt: bytes) -> tuple[bytes, Secret]:
    """The token's own key and the secret access key, two parts of one expansion."""
    material = expand(sealing_key, _LABEL + salt)
    secret = material[KEY_BYTES : KEY_BYTES + _SECRET_BYTES]
    return material[:KEY_BYTES], as_secret_access_key(secret)


def _same(inside: str, given: str) -> bool:
    """Whether both ids are equal, in a time that does not tell how far (T27)."""
    # A client's id may hold anything that a str can, lone surrogates too.
    return hmac.compare_digest(inside.encode(), given.encode("utf-8", "surrogatepass"))


def _write(session: Session) -> bytes:
    """The session as a JSON array: the version says which place holds what."""
    fields = [getattr(session, name) for name in _FIELDS]
    if session.facts or session.scopes:
        fields.append(session.facts)
    if session.scopes:
        fields.append(session.scopes)
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def _version_of(session: Session) -> bytes:
    if session.scopes:
        return _WITH_SCOPES
    return _WITH_FACTS if session.facts else _VERSION


def _read(body: bytes, *, with_facts: bool, with_scopes: bool = False) -> Session:
    """The session that an authenticated body holds.

    Raises:
        ValueError: a field is missing or of another type.
    """
    fields = json.loads(body.decode())
    if type(fields) is not list:
        raise ValueError("session body is not a list")
    scopes = _scopes(fields) if with_scopes else ()
    facts = _facts_in(fields, optional=with_scopes) if with_facts else ()
    # Exact types: for isinstance, and for a match statement, True is a whole number.
    if tuple(map(type, fields)) not in _SHAPES:
        raise ValueError("session body does not have the fields of its version")
    given = dict(zip(_FIELDS, fields, strict=True))
    given["kind"] = SessionKind(given["kind"])
    given["tags"] = tuple(map(_pair, given["tags"]))
    given["transitive"] = _texts(given["transitive"])
    given["policy_arns"] = _texts(given["policy_arns"])
    return Session(**given, facts=facts, scopes=scopes)


def _facts_in(fields: list[object], *, optional: bool) -> Facts:
    """The facts, taken from the end of the list; where scopes follow, maybe none."""
    values = fields.pop() if fields else None
    return () if optional and values == [] else _facts(values)


def _scopes(fields: list[object]) -> tuple[str, ...]:
    """The policies that narrow the session, taken from the list's end: one at least."""
    values = fields.pop() if fields else None
    if type(values) is not list or not values:
        raise ValueError("session body lacks the scopes of its version")
    return _texts(values)


def _pair(value: object) -> tuple[str, str]:
    """A tag: its key and its value."""
    match value:
        case [str(key), str(text)]:
            return key, text
        case _:
            raise ValueError("session tag is not a pair of strings")


def _facts(values: object) -> Facts:
    """What an identity provider vouched for: at least one condition key."""
    if type(values) is not list or not values:
        raise ValueError("session body lacks the facts of its version")
    facts: list[tuple[str, str | tuple[str, ...]]] = []
    for value in values:
        match value:
            case [str(key), str(text)]:
                facts.append((key, text))
            case [str(key), list(texts)]:
                facts.append((key, _texts(texts)))
            case _:
                raise ValueError("a fact of a session is not a key and its value")
    return tuple(facts)


def _texts(values: list[str]) -> tuple[str, ...]:
    """The values, all of them strings."""
    if not _TEXT.issuperset(map(type, values)):
        raise ValueError("session body holds something else among strings")
    return tuple(values)
