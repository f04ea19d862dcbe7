"""Who acts: the operating system's user, or whom a signed token names.

Books that name people know each of them by one account of the system, or by tokens of issuers they trust. A token is a
JSON Web Token (RFC 7519) signed with Ed25519 (RFC 8037): `sub` is the person, `aud` the identity of the books, `exp`
when it ends. It is handed over in the environment variable TIEOUT_TOKEN, never as an argument, which others could read.
"""

from __future__ import annotations

import base64
import os
import pwd
from collections.abc import Mapping
from datetime import datetime, timedelta

from adapters.books.errors import BooksError
from engine.governance.state import State

TOKEN = "TIEOUT_TOKEN"
"""The environment variable that holds a token."""

ALGORITHM = "EdDSA"
LONGEST = timedelta(days=366)
"""How long a token may be valid."""


def system_user() -> str:
    """The operating system's user, by number where it has no name."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"user {os.geteuid()}"


def who_acts(
    state: State, books: str, now: datetime, account: str | None = None, environment: Mapping[str, str] = os.environ
) -> str:
    """The id of the person who acts; in books that name people `account NAME` for one they do not know.

    `account` is the system's user unless told otherwise. BooksError where a token is given that does not count.
    """
    token = environment.get(TOKEN, "")
    if token and account is None:
        return _named_by(token, state, books, now)
    account = account if account is not None else system_user()
    if not state.is_governed:
        return account
    person = state.person_of_account(account)
    return person.id if person is not None else f"account {account}"


def signed(person: str, issuer: str, books: str, private_key: bytes, now: datetime, valid: timedelta) -> str:
    """A token for a person, signed with an Ed25519 private key (PEM); BooksError for a key that is none."""
    # Loading the libraries takes a tenth of a second, which only those who use tokens should pay.
    import jwt
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(private_key, password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise BooksError("the key is no Ed25519 private key without a password; `tieout people key` makes one")
    if not timedelta(0) < valid <= LONGEST:
        raise BooksError(f"a token is valid for {LONGEST.days} days at most, and for more than nothing")
    claims = {"sub": person, "iss": issuer, "aud": books, "iat": now, "exp": now + valid}
    return jwt.encode(claims, key, algorithm=ALGORITHM)


def new_key() -> tuple[bytes, str]:
    """A new Ed25519 key: the private one as PEM, the public one as base64 of its 32 bytes."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private, base64.b64encode(key.public_key().public_bytes_raw()).decode()


def is_public_key(text: str) -> bool:
    """Whether a text is an Ed25519 public key as books keep it."""
    try:
        return len(base64.b64decode(text, validate=True)) == 32
    except ValueError:
        return False


def _named_by(token: str, state: State, books: str, now: datetime) -> str:
    import jwt
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if not state.is_governed:
        raise BooksError(f"these books name no people, so a token says nothing; take {TOKEN} out of the environment")
    try:
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
        key = state.issuers.get(str(issuer))
        if key is None:
            raise BooksError(f"these books trust no issuer {issuer}; ask an administrator")
        # The time is the books' own, which a test can set; the library would ask the system.
        claims = jwt.decode(
            token,
            Ed25519PublicKey.from_public_bytes(base64.b64decode(key)),
            algorithms=[ALGORITHM],
            audience=books,
            issuer=str(issuer),
            options={"require": ["exp", "sub", "aud", "iss"], "verify_exp": False, "verify_iat": False},
        )
        if not isinstance(claims["exp"], int) or claims["exp"] <= now.timestamp():
            raise BooksError("the token has ended; ask for a new one")
    except jwt.InvalidAudienceError:
        raise BooksError("the token is for other books; ask for one for these") from None
    except (jwt.InvalidTokenError, ValueError):
        raise BooksError("the token does not count: it is damaged, or somebody else signed it") from None
    person = state.people.get(str(claims["sub"]))
    if person is None or not person.is_active:
        raise BooksError(f"the token names {claims['sub']}, and these books name nobody of that name")
    return person.id
