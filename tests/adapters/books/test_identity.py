"""Who acts: the account on this machine, or whom a token names that these books trust."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from adapters.books.errors import BooksError
from adapters.books.identity import LONGEST, TOKEN, is_public_key, new_key, signed, system_user, who_acts
from engine.governance.state import Person, State

NOW = datetime(2026, 2, 2, 9, 0, tzinfo=UTC)
BOOKS = "3f09a1"
KEY, PUBLIC = new_key()
OTHER_KEY, _ = new_key()
PEOPLE = {
    "kim": Person("kim", "Kim", ""),
    "sam": Person("sam", "Sam", "sammy"),
    "jo": Person("jo", "Jo", system_user()),
    "gone": Person("gone", "Gone", "gone", is_active=False),
}
STATE = State(people=PEOPLE, issuers={"hq": PUBLIC})


def token(person: str = "kim", issuer: str = "hq", books: str = BOOKS, key: bytes = KEY, hours: int = 1) -> str:
    return signed(person, issuer, books, key, NOW, timedelta(hours=hours))


def acts(environment: dict[str, str], state: State = STATE, now: datetime = NOW) -> str:
    return who_acts(state, BOOKS, now, None, environment)


def test_an_account_is_a_person_in_books_that_name_people_and_itself_in_others() -> None:
    assert acts({}) == "jo"
    assert who_acts(STATE, BOOKS, NOW, "sammy", {}) == "sam"
    assert who_acts(STATE, BOOKS, NOW, "sam", {}) == "account sam", "an account is no person for having its name"
    assert who_acts(STATE, BOOKS, NOW, "gone", {}) == "account gone"
    assert who_acts(State(), BOOKS, NOW, "root", {}) == "root"


def test_a_token_names_a_person_until_it_ends() -> None:
    assert acts({TOKEN: token()}) == "kim"
    assert acts({TOKEN: token()}, now=NOW + timedelta(minutes=59)) == "kim"
    with pytest.raises(BooksError, match="the token has ended"):
        acts({TOKEN: token()}, now=NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (token(person="gone"), "names gone, and these books name nobody of that name"),
        (token(person="nobody"), "names nobody, and"),
        (token(issuer="elsewhere"), "trust no issuer elsewhere"),
        (token(books="other"), "for other books"),
        (token(key=OTHER_KEY), "does not count"),
        ("a.b.c", "does not count"),
        ("nonsense", "does not count"),
    ],
)
def test_what_does_not_count_is_told(shown: str, words: str) -> None:
    with pytest.raises(BooksError, match=words):
        acts({TOKEN: shown})


def test_an_edited_token_and_one_without_a_signature_do_not_count() -> None:
    head, claims, signature = token().split(".")
    content = json.loads(base64.urlsafe_b64decode(claims + "=="))
    edited = base64.urlsafe_b64encode(json.dumps({**content, "sub": "sam"}).encode()).decode().rstrip("=")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    for shown in (f"{head}.{edited}.{signature}", f"{none}.{edited}.", f"{none}.{claims}.{signature}"):
        with pytest.raises(BooksError, match="does not count"):
            acts({TOKEN: shown})


def test_a_token_says_nothing_to_books_that_name_nobody() -> None:
    with pytest.raises(BooksError, match="name no people, so a token says nothing"):
        acts({TOKEN: token()}, State())


def test_keys_and_times_are_checked_where_a_token_is_made() -> None:
    assert is_public_key(PUBLIC)
    assert not is_public_key(PUBLIC[:-4])
    assert not is_public_key("no key at all")
    with pytest.raises(BooksError, match="no Ed25519 private key"):
        token(key=b"-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n")
    with pytest.raises(BooksError, match="366 days at most"):
        signed("kim", "hq", BOOKS, KEY, NOW, LONGEST + timedelta(seconds=1))
