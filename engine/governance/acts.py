"""What people do to books, as values: one class for each act, and its text in the ledger.

An act is recorded once, with who did it and when, and is never changed; where things stand is the sum of all acts
(`engine.governance.state`), and whether one may be done is asked of that (`engine.governance.refusals`).
Texts only: amounts are decimal text, days are ISO text, what is missing is the empty text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

Row = tuple[tuple[str, str | None], ...]
"""What tells a row of a reconciliation from others: names and values of its key, in order."""


@dataclass(frozen=True, slots=True)
class Act:
    """Anything somebody did; `verb` names it in the ledger, `subject` what it was done to."""

    verb: ClassVar[str] = ""

    @property
    def subject(self) -> str:
        """What the act is about, in a word or two."""
        return str(getattr(self, fields(self)[0].name))


# ---- people ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Founded(Act):
    """The books name their first person, who is an administrator from then on; `account` is the system's user."""

    verb: ClassVar[str] = "books founded"
    person: str
    name: str
    account: str


@dataclass(frozen=True, slots=True)
class PersonAdded(Act):
    """The books name a person; without an account only a token says who somebody is."""

    verb: ClassVar[str] = "person added"
    person: str
    name: str
    account: str = ""


@dataclass(frozen=True, slots=True)
class PersonLeft(Act):
    """A person does nothing in these books any more."""

    verb: ClassVar[str] = "person left"
    person: str


@dataclass(frozen=True, slots=True)
class RoleGranted(Act):
    """A person gets a role, of tieout or of the ruleset; everywhere, or for one company, one partner or both."""

    verb: ClassVar[str] = "role granted"
    person: str
    role: str
    company: str = ""
    partner: str = ""


@dataclass(frozen=True, slots=True)
class RoleRevoked(Act):
    """A person loses a role as it was granted."""

    verb: ClassVar[str] = "role revoked"
    person: str
    role: str
    company: str = ""
    partner: str = ""


@dataclass(frozen=True, slots=True)
class IssuerTrusted(Act):
    """Tokens signed with a key count from now on; `key` is an Ed25519 public key, base64 of its 32 bytes."""

    verb: ClassVar[str] = "issuer trusted"
    issuer: str
    key: str


@dataclass(frozen=True, slots=True)
class IssuerDistrusted(Act):
    """Tokens of an issuer count no more."""

    verb: ClassVar[str] = "issuer distrusted"
    issuer: str


# ---- rules -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RulesDrafted(Act):
    """An author puts forward a version: the hash over all texts of the rules and of `client.yaml`.

    `ruleset` is the hash of the rules' texts alone; `needs` are the roles whose approval its head asks for.
    """

    verb: ClassVar[str] = "rules drafted"
    version: str
    ruleset: str
    name: str
    needs: tuple[str, ...]
    comment: str


@dataclass(frozen=True, slots=True)
class RulesReviewed(Act):
    """Somebody else has read a version."""

    verb: ClassVar[str] = "rules reviewed"
    version: str
    comment: str


@dataclass(frozen=True, slots=True)
class RulesApproved(Act):
    """A version holds for periods that begin on a day or later; `role` is the ruleset's, where it asks for one."""

    verb: ClassVar[str] = "rules approved"
    version: str
    active_from: str
    role: str
    comment: str


@dataclass(frozen=True, slots=True)
class RulesRejected(Act):
    """A version will not hold."""

    verb: ClassVar[str] = "rules rejected"
    version: str
    comment: str


# ---- facts, exceptions, overrides ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Loaded(Act):
    """Somebody loaded a file, as a version of the rules and of `client.yaml` says it is read."""

    verb: ClassVar[str] = "file loaded"
    file: str
    version: str


@dataclass(frozen=True, slots=True)
class Accepted(Act):
    """Somebody accepted exceptions of a period with a reason; which ones is a table of its own."""

    verb: ClassVar[str] = "exceptions accepted"
    calendar: str
    period: str
    comment: str

    @property
    def subject(self) -> str:
        """The period."""
        return self.period


@dataclass(frozen=True, slots=True)
class ExceptionAct(Act):
    """Anything that is done to one exception of a period."""

    exception: str
    calendar: str
    period: str


@dataclass(frozen=True, slots=True)
class ExceptionAssigned(ExceptionAct):
    """An exception is somebody's to look into."""

    verb: ClassVar[str] = "exception assigned"
    person: str


@dataclass(frozen=True, slots=True)
class ExceptionCommented(ExceptionAct):
    """Somebody said something about an exception."""

    verb: ClassVar[str] = "exception commented"
    comment: str


@dataclass(frozen=True, slots=True)
class ExceptionResolved(ExceptionAct):
    """An exception, as its digest says it was, is settled by a corrected file or by an override."""

    verb: ClassVar[str] = "exception resolved"
    digest: str
    way: str
    reference: str
    comment: str


@dataclass(frozen=True, slots=True)
class OverrideProposed(Act):
    """Somebody would have a column of a reconciliation's row hold another value, for a reason.

    `value` is text with its unit in `unit` (`units`, a currency, or empty for a word); `stake` is what the row is worth
    in `stake_currency`, the greater of before and after without sign, empty where that is not known. `replaces` names
    the override this one stands in the place of; `evidence` is a file's name, with its SHA-256.
    """

    verb: ClassVar[str] = "override proposed"
    override: str
    calendar: str
    period: str
    reconciliation: str
    row: Row
    column: str
    value: str
    unit: str
    stake: str
    stake_currency: str
    reason: str
    comment: str
    evidence: str = ""
    evidence_sha256: str = ""
    replaces: str = ""

    def key(self, name: str) -> str:
        """A value of the row's key; empty where it has none of that name."""
        return next((value or "" for one, value in self.row if one == name), "")


@dataclass(frozen=True, slots=True)
class OverrideAct(Act):
    """What is decided of an override; `digest` is of the proposal as it was decided on."""

    override: str
    digest: str
    comment: str


@dataclass(frozen=True, slots=True)
class OverrideApproved(OverrideAct):
    """An override counts from now on; `role` is the ruleset's role whose limit covers it."""

    verb: ClassVar[str] = "override approved"
    role: str


@dataclass(frozen=True, slots=True)
class OverrideRejected(OverrideAct):
    """An override will not count."""

    verb: ClassVar[str] = "override rejected"


@dataclass(frozen=True, slots=True)
class OverrideWithdrawn(OverrideAct):
    """Who proposed an override takes it back."""

    verb: ClassVar[str] = "override withdrawn"


# ---- periods ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PeriodAct(Act):
    """Anything that is done to a period; `run` is the run it is about."""

    calendar: str
    period: str
    run: int

    @property
    def subject(self) -> str:
        """The period."""
        return self.period


@dataclass(frozen=True, slots=True)
class TrialRun(PeriodAct):
    """A trial close was made."""

    verb: ClassVar[str] = "trial made"


@dataclass(frozen=True, slots=True)
class CloseRequested(PeriodAct):
    """Somebody asks that a period be closed for good as a trial shows it; `manifest` is the SHA-256 of its manifest."""

    verb: ClassVar[str] = "close requested"
    manifest: str
    comment: str


@dataclass(frozen=True, slots=True)
class CloseApproved(PeriodAct):
    """Somebody else agrees; `role` is the one the rules ask for, empty where they ask for none."""

    verb: ClassVar[str] = "close approved"
    manifest: str
    role: str


@dataclass(frozen=True, slots=True)
class CloseRejected(PeriodAct):
    """The request is turned down; the period goes on as a trial."""

    verb: ClassVar[str] = "close rejected"
    comment: str


@dataclass(frozen=True, slots=True)
class HardClosed(PeriodAct):
    """A period is frozen; `version` is that of the rules and of `client.yaml` it was closed by."""

    verb: ClassVar[str] = "hard closed"
    version: str


@dataclass(frozen=True, slots=True)
class ReopenRequested(PeriodAct):
    """Somebody asks that the period closed last be opened again; `run` is its hard close."""

    verb: ClassVar[str] = "reopening requested"
    comment: str


@dataclass(frozen=True, slots=True)
class ReopenApproved(PeriodAct):
    """One of the two others who must agree does; `role` is the one the rules ask for, empty where they ask for none."""

    verb: ClassVar[str] = "reopening approved"
    role: str


@dataclass(frozen=True, slots=True)
class Reopened(PeriodAct):
    """A period is open again; its former close stays in the books and can be verified for ever."""

    verb: ClassVar[str] = "reopened"


@dataclass(frozen=True, slots=True)
class ReopenRejected(PeriodAct):
    """The period stays closed."""

    verb: ClassVar[str] = "reopening rejected"
    comment: str


# ---- the books as such -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BackedUp(Act):
    """A copy of the books was made, as of a head (`seq:hash`)."""

    verb: ClassVar[str] = "backup made"
    folder: str
    head: str


@dataclass(frozen=True, slots=True)
class Restored(Act):
    """A backup, as of a head (`seq:hash`), was put in the place of the books, whose last head was `former`."""

    verb: ClassVar[str] = "backup restored"
    head: str
    backup: str
    former: str
    comment: str


@dataclass(frozen=True, slots=True)
class AnchoredAnew(Act):
    """The file of heads outside the books was lost, and somebody vouches for the books as they stand."""

    verb: ClassVar[str] = "anchored anew"
    head: str
    comment: str


@dataclass(frozen=True, slots=True)
class Refused(Act):
    """Somebody tried what they may not do."""

    verb: ClassVar[str] = "refused"
    tried: str
    about: str
    reason: str


ACTS: dict[str, type[Act]] = {
    one.verb: one
    for one in (
        Founded, PersonAdded, PersonLeft, RoleGranted, RoleRevoked, IssuerTrusted, IssuerDistrusted,
        RulesDrafted, RulesReviewed, RulesApproved, RulesRejected,
        Loaded, Accepted, ExceptionAssigned, ExceptionCommented, ExceptionResolved,
        OverrideProposed, OverrideApproved, OverrideRejected, OverrideWithdrawn,
        TrialRun, CloseRequested, CloseApproved, CloseRejected, HardClosed,
        ReopenRequested, ReopenApproved, Reopened, ReopenRejected, BackedUp, Restored, AnchoredAnew, Refused,
    )
}  # fmt: skip
"""Every act by its verb."""


def text_of(act: Act) -> str:
    """An act's content as canonical JSON: the same act is the same text."""
    content = {one.name: getattr(act, one.name) for one in fields(act)}
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def act_of(verb: str, text: str) -> Act:
    """The act of a verb and its content; ValueError or TypeError for what `text_of` did not make."""
    content: Mapping[str, Any] = json.loads(text)
    if verb not in ACTS:
        raise ValueError(f"no act is called {verb}")
    values = {name: _tuples(value) for name, value in content.items()}
    return ACTS[verb](**values)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(one) for one in value) if isinstance(value, list) else value
