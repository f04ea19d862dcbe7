"""Commands over the people of the books: who they are, what they may do, and whose tokens say who somebody is."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import click

from adapters.books.identity import TOKEN, is_public_key, new_key, signed, system_user
from adapters.books.store import open_books, utc_now
from adapters.cli.command import EXISTING_OR_NOT, InOrder, client_option, command
from adapters.cli.faults import DONE, RefusedError
from adapters.cli.material import require_client, require_material
from adapters.cli.terminal import Terminal
from adapters.report.blocks import Column, Table
from adapters.report.text import block_lines
from adapters.wording import plain
from engine.governance import acts
from engine.governance.acts import Act
from engine.governance.scene import Policy
from engine.governance.state import Grant, Person, State

HOURS = 12
"""How long a token is valid unless told otherwise."""


@click.group("people", cls=InOrder)
def people() -> None:
    """Name the people of the books and what each may do; from the first name on, nobody decides on his own work."""


@command("found", "tieout people found maria --name 'Maria Ortiz'")
@client_option
@click.option("--name", metavar="NAME", help="The person's name in full; by default as PERSON.")
@click.option("--account", metavar="USER", help="Their account on this system; by default yours.")
@click.argument("person")
def found(terminal: Terminal, client: Path, name: str | None, account: str | None, person: str) -> int:
    """Name the first person of the books, their administrator. This cannot be undone.

    From then on roles are asked for, files are loaded and periods frozen by approved rules only, and nobody approves
    what he had a part in.
    """
    act = acts.Founded(person, name or person, account or system_user())
    done = f"{person} is the administrator of these books; now `tieout people add` names those who work with them"
    with open_books(require_client(client).books, write=True, create=True) as books:
        known = books.state.people.get(person)
        if known is not None and (known.name, known.account) == (act.name, act.account):
            done = f"{person} was named before, nothing to do"
        else:
            books.record("people", act)
    terminal.show(done, {"person": person})
    return DONE


@command("add", "tieout people add jonas --name 'Jonas Weber' --account jweber", "tieout people add kim")
@client_option
@click.option("--name", metavar="NAME", help="The person's name in full; by default as PERSON.")
@click.option(
    "--account", default="", metavar="USER", help="Their account on this system; without one they need a token."
)
@click.argument("person")
def add(terminal: Terminal, client: Path, name: str | None, account: str, person: str) -> int:
    """Name a person; what they may do is granted apart."""
    act = acts.PersonAdded(person, name or person, account)
    return _record(
        terminal, client, act, f"{person} is named; `tieout people grant {person} ROLE` says what they may do"
    )


@command("left", "tieout people left jonas")
@client_option
@click.argument("person")
def left(terminal: Terminal, client: Path, person: str) -> int:
    """Say that a person does nothing in these books any more; what they did stays theirs."""
    return _record(terminal, client, acts.PersonLeft(person), f"{person} holds no role any more")


_SCOPE = (
    click.option("--company", default="", metavar="CODE", help="Only for one company."),
    click.option("--partner", default="", metavar="CODE", help="Only for one partner."),
)


@command(
    "grant",
    "tieout people grant jonas preparer",
    "tieout people grant kim reviewer --partner ACME",
    "tieout people grant ana corporate-controller",
)
@client_option
@_SCOPE[0]
@_SCOPE[1]
@click.argument("person")
@click.argument("role")
def grant(terminal: Terminal, client: Path, company: str, partner: str, person: str, role: str) -> int:
    """Give a person a role: one of tieout, or one of the ruleset, which says up to how much they may override.

    Roles of tieout: preparer, reviewer, controller, rule-author, rule-approver, auditor, administrator.
    """
    act = acts.RoleGranted(person, role, company, partner)
    return _record(terminal, client, act, f"{person} is {_grant_words(Grant(role, company, partner))}")


@command("revoke", "tieout people revoke jonas preparer")
@client_option
@_SCOPE[0]
@_SCOPE[1]
@click.argument("person")
@click.argument("role")
def revoke(terminal: Terminal, client: Path, company: str, partner: str, person: str, role: str) -> int:
    """Take a role from a person, as it was granted."""
    act = acts.RoleRevoked(person, role, company, partner)
    return _record(terminal, client, act, f"{person} is no longer {_grant_words(Grant(role, company, partner))}")


@command("list", "tieout people list")
@client_option
def list_(terminal: Terminal, client: Path) -> int:
    """List who the books name, what each may do, and whose tokens count."""
    with open_books(require_client(client).books, write=False) as books:
        state, by = books.state, books.by
    everybody = sorted(state.people.values(), key=lambda one: (not one.is_active, one.id))
    rows = tuple((one.id, one.name, one.account, _roles(one)) for one in everybody)
    columns = (Column("person"), Column("name"), Column("account"), Column("may act as"))
    nobody = "these books name nobody: one person may do everything in them"
    lines = block_lines(Table("People", columns, rows, (), nobody), terminal.has_colour)
    if state.issuers:
        lines += ["", f"tokens of {', '.join(sorted(state.issuers))} count"]
    lines += ["", f"you are {by}"]
    values = {
        "people": [
            {"id": one.id, "name": one.name, "account": one.account, "active": one.is_active, "roles": _grants(one)}
            for one in everybody
        ],
        "issuers": dict(state.issuers),
        "you": by,
    }
    terminal.show("\n".join(line.rstrip() for line in lines), values)
    return DONE


@command("key", "tieout people key issuer.pem")
@click.argument("file", type=EXISTING_OR_NOT)
def key(terminal: Terminal, file: Path) -> int:
    """Make a new key that tokens are signed with: the secret half goes into FILE, the other into FILE.pub."""
    public_file = file.with_name(f"{file.name}.pub")
    for one in (file, public_file):
        if one.exists():
            raise RefusedError(f"{one} is there already", "name another file; a key is never overwritten")
    private, public = new_key()
    for one, content, mode in ((public_file, f"{public}\n".encode(), 0o644), (file, private, 0o600)):
        descriptor = os.open(one, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as written:
            written.write(content)
    told = f"{file} holds the secret half: keep it away from these books\n{public_file} is for `tieout people trust`"
    terminal.show(told, {"file": str(file), "public": public})
    return DONE


@command("trust", "tieout people trust head-office issuer.pem.pub")
@client_option
@click.argument("issuer")
@click.argument("file", type=EXISTING_OR_NOT)
def trust(terminal: Terminal, client: Path, issuer: str, file: Path) -> int:
    """Let tokens signed with a key say who somebody is; FILE holds the public half that `tieout people key` wrote."""
    if not file.is_file():
        raise RefusedError(f"there is no file {file}", "`tieout people key` makes a key")
    public = file.read_bytes()[:200].decode("ascii", "replace").strip()
    if not is_public_key(public):
        raise RefusedError(f"{file} holds no public key", "take the file that ends in .pub")
    return _record(terminal, client, acts.IssuerTrusted(issuer, public), f"tokens of {issuer} count from now on")


@command("distrust", "tieout people distrust head-office")
@client_option
@click.argument("issuer")
def distrust(terminal: Terminal, client: Path, issuer: str) -> int:
    """Let tokens of an issuer count no more."""
    return _record(terminal, client, acts.IssuerDistrusted(issuer), f"tokens of {issuer} count no more")


@command("token", "tieout people token kim --issuer head-office --key issuer.pem")
@client_option
@click.option("--issuer", required=True, metavar="NAME", help="Who signs, as these books know them.")
@click.option(
    "--key", "secret", type=EXISTING_OR_NOT, required=True, metavar="FILE", help="The secret half of the key."
)
@click.option("--hours", type=click.IntRange(1, 8784), default=HOURS, help="How long it is valid; by default 12 hours.")
@click.argument("person")
def token(terminal: Terminal, client: Path, issuer: str, secret: Path, hours: int, person: str) -> int:
    """Sign a token that says who somebody is; it is handed over in the variable TIEOUT_TOKEN and not kept.

    TIEOUT_TOKEN=$(tieout people token ...) tieout close FY2026-P01 closes as that person."""
    if not secret.is_file():
        raise RefusedError(f"there is no file {secret}", "`tieout people key` makes a key")
    # Whoever signs need not be somebody to these books, so a token in the environment is not looked at.
    with open_books(require_client(client).books, write=False, actor=system_user()) as books:
        identity = books.ledger.books
    text = signed(person, issuer, identity, secret.read_bytes(), utc_now(), timedelta(hours=hours))
    terminal.show(text, {"token": text, "variable": TOKEN, "hours": hours})
    return DONE


def _record(terminal: Terminal, client: Path, act: Act, done: str) -> int:
    """Record an act of an administrator; the same again changes nothing and says so."""
    # Only who grants a role asks which ones the rules have; a fault in the rules stops nothing else.
    policy = require_material(client).policy if isinstance(act, acts.RoleGranted) else Policy()
    with open_books(require_client(client).books, write=True, policy=policy) as books:
        if _is_so(books.state, act):
            done = f"{done}: so it was before, nothing to do"
        else:
            books.record("people", act)
    terminal.show(done, plain(act))
    return DONE


def _is_so(state: State, act: Act) -> bool:
    """Whether an act would leave everything as it is."""
    if isinstance(act, acts.IssuerTrusted):
        return state.issuers.get(act.issuer) == act.key
    person = state.people.get(act.subject)
    if person is None:
        return False
    if isinstance(act, acts.PersonAdded):
        return person.is_active and (person.name, person.account) == (act.name, act.account)
    if isinstance(act, acts.PersonLeft):
        return not person.is_active
    if isinstance(act, acts.RoleGranted):
        return Grant(act.role, act.company, act.partner) in person.grants
    return False


def _grants(person: Person) -> list[dict[str, str]]:
    held = sorted(person.grants, key=lambda one: (one.role, one.company, one.partner))
    return [{"role": one.role, "company": one.company, "partner": one.partner} for one in held]


def _roles(person: Person) -> str:
    if not person.is_active:
        return "has left"
    held = sorted(person.grants, key=lambda one: (one.role, one.company, one.partner))
    return "; ".join(_grant_words(one) for one in held) or "nobody yet"


def _grant_words(one: Grant) -> str:
    parts = [f"{what} {value}" for what, value in (("company", one.company), ("partner", one.partner)) if value]
    return f"{one.role} for {' and '.join(parts)}" if parts else one.role


for _one in (found, add, left, grant, revoke, list_, key, trust, distrust, token):
    people.add_command(_one)
