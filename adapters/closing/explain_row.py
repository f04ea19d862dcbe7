"""Why a delivered row, or a fact, posts nothing: what intake did with it, and what the runs of the books made of it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlglot import exp

from adapters.books.durable import sha256_file
from adapters.books.entries import FileEntry, Load, Run
from adapters.books.errors import BooksError
from adapters.books.layout import QUARANTINE
from adapters.books.store import Books
from adapters.closing.explain import VERBATIM, Restore, evidence_of, raw_rows
from adapters.closing.inputs import attach_inputs, files_of, parquet
from adapters.closing.running import AS_THE_MACHINE_HAS, Resources, relation_name
from adapters.duckdb_executor import DuckDBExecutor
from adapters.quarantine import replaced_by, replacement
from engine.ledger.calendar import Calendar, Period
from engine.model.ruleset import Kind, Ruleset
from engine.model.schema import IDENTITY_SEPARATOR, Record
from engine.plan.adjust import EFFECTS, MAKING
from engine.plan.posting.balances import DIMENSIONS
from engine.plan.posting.differences import DIFFERENCE, DIFFERENCES
from engine.plan.relation import column, table
from engine.run.close import close_calendar
from engine.run.explain_absence import explain_facts
from engine.run.explanation import FactExplanation, RawRow, Reason, RowExplanation
from engine.run.facts_asked import delivered, loaded_source

CALLED_MAX = 10
"""Facts that one name may mean; more are not told one by one."""


@dataclass(frozen=True, slots=True)
class Named:
    """A fact asked about: its kind, its number, its row as loaded; `run` is that which recorded it, if one did."""

    kind: str
    fact: int
    row: dict[str, object]
    run: Run | None = None


class RowSearch:
    """Looks for what became of rows and facts in opened books; close its executor when done."""

    def __init__(self, books: Books, ruleset: Ruleset, restore: Restore, incoming: Path, resources: Resources) -> None:
        self._books = books
        self._ruleset = ruleset
        self._restore = restore
        self._incoming = incoming
        self._resources = resources
        self._calendar: Calendar = close_calendar(ruleset)
        self.executor = DuckDBExecutor(
            threads=resources.threads, memory_limit=resources.memory_limit, reads=files_of(books)
        )
        attach_inputs(self.executor, books, ruleset)

    def explain(self, asked: str) -> RowExplanation:
        """What became of `FILE:ROW`, or of the facts that are called so."""
        file, _, row = asked.rpartition(":")
        if file and row.isdigit():
            raw, sentences, facts = self._of_row(file, int(row))
        else:
            raw, sentences, facts = None, [], self._called(asked)
        told = [one for fact in facts for one in self._became(fact)]
        return RowExplanation(asked, raw, tuple(sentences), tuple(told))

    # ---- rows --------------------------------------------------------------------------------------------------------

    def _of_row(self, file: str, row: int) -> tuple[RawRow, list[str], list[Named]]:
        sentences: list[str] = []
        load = self._load_of(file, sentences)
        taken = self._taken(load, row)
        if taken is None:
            raise BooksError(
                f"{load.file_name} has no row {row}; rows are counted as lines, from 1, the header included"
            )
        text, fate = taken
        raw = RawRow(load.file_name, row, text)
        before = replaced_by(self._books, load.feed, load.sha256, row)
        if before:
            sentences.append(f"it was resubmitted in the place of {before}, which is in quarantine")
        if fate == "quarantined":
            reasons = "; ".join(self._reasons(load, row))
            sentences.append(f"it is in quarantine, so it is no fact: {reasons}")
            by = replacement(self._books, (load.feed, load.sha256, row))
            if by is not None:
                sentences.append(f"it was resubmitted as {by.file}:{by.row}, which was {by.fate}: explain that")
            return raw, sentences, []
        if fate == "set aside":
            sentences.append(f"feed {load.feed} sets such rows aside: client.yaml says that they are not its business")
            return raw, sentences, []
        facts = self._filled(load, row)
        rows = self._register_rows(load, row)
        sentences += [f"it is a row of register {name}; registers post nothing, rules read them" for name in rows]
        if not facts and not rows:
            sentences.append("it says only what was known already, so it is no new fact")
            facts = self._same_text(load, text, sentences)
        return raw, sentences, facts

    def _load_of(self, file: str, sentences: list[str]) -> Load:
        """The load that took a file of this name, or one of its content."""
        loads = self._books.loads()
        named = [one for one in loads if one.file_name == Path(file).name]
        if len(named) > 1:
            sentences.append(
                f"{len(named)} files of this name were loaded; this is the one of {named[-1].loaded_at[:10]}"
            )
        if named:
            return named[-1]
        path = next((one for one in (Path(file), self._incoming / file) if one.is_file()), None)
        known = self._books.known_file(sha256_file(path)) if path is not None else None
        if known is not None:
            day = known.loaded_at[:10]
            sentences.append(f"{file} has the content of {known.file_name}, loaded {day}, so it was not taken again")
            return known
        if path is not None:
            raise BooksError(f"{file} is there but was not loaded; run `tieout load`")
        near = difflib.get_close_matches(file, [one.file_name for one in loads], 1, 0.5)
        advice = f"did you mean {near[0]}?" if near else "`tieout books history` lists what was loaded"
        raise BooksError(f"no file called {file} was loaded; {advice}")

    def _taken(self, load: Load, row: int) -> tuple[str, str] | None:
        """The text of a row and what intake did with it."""
        query = exp.select(column("text"), column("fate"))
        rows = self._of_load(query, [one for one in load.files if one.name == VERBATIM], load, row)
        return (str(rows[0][0]), str(rows[0][1])) if rows else None

    def _reasons(self, load: Load, row: int) -> list[str]:
        files = [one for one in load.files if one.home == QUARANTINE]
        rows = self._of_load(exp.select(column("reasons")), files, load, row)
        return [str(reason) for found in rows for reason in list(found[0])]  # type: ignore[call-overload]  # a list

    def _of_load(self, query: exp.Select, files: Iterable[FileEntry], load: Load, row: int) -> list[tuple[object, ...]]:
        """A query's rows of some files, for one row of a delivered file."""
        found: list[tuple[object, ...]] = []
        for entry in files:
            rows = query.copy().from_(parquet(self._books.path(entry))).where(*_delivered_as(load.sha256, row))
            found += self.executor.rows(rows)
        return found

    def _filled(self, load: Load, row: int) -> list[Named]:
        """The facts that a row of a load became."""
        return [
            found
            for kind in self._ruleset.kinds.values()
            if self._was_loaded(kind.record, load)
            for found in self._rows(kind, [*_delivered_as(load.sha256, row), _published(load.seq)])
        ]

    def _register_rows(self, load: Load, row: int) -> list[str]:
        """The registers that a row of a load filled."""
        conditions = [*_delivered_as(load.sha256, row), _published(load.seq)]
        return [
            one.name
            for one in self._ruleset.registers.values()
            if self._was_loaded(one.record, load)
            and self.executor.rows(
                exp.select(column("fact")).from_(table(f"input {one.name}")).where(*conditions).limit(1)
            )
        ]

    def _was_loaded(self, record: Record, load: Load) -> bool:
        return any(one.seq == load.seq for one in self._books.fact_entries(record.name))

    def _same_text(self, load: Load, text: str, sentences: list[str]) -> list[Named]:
        """The facts of the earliest row with the same text, where there is one."""
        same = [
            exp.EQ(this=column("text"), expression=exp.Literal.string(text)),
            exp.EQ(this=column("fate"), expression=exp.Literal.string("accepted")),
        ]
        for earlier in self._books.loads():
            if earlier.id >= load.id or earlier.feed != load.feed:
                continue
            mine = exp.EQ(this=column("source-file"), expression=exp.Literal.string(earlier.sha256))
            for entry in (one for one in earlier.files if one.name == VERBATIM):
                query = exp.select(column("source-row")).from_(parquet(self._books.path(entry))).where(mine, *same)
                for (row,) in self.executor.rows(query.order_by(column("source-row")).limit(1)):
                    sentences.append(f"the same row is {earlier.file_name} row {row}, loaded {earlier.loaded_at[:10]}")
                    return self._filled(earlier, int(str(row)))
        return []

    # ---- facts -------------------------------------------------------------------------------------------------------

    def _rows(self, kind: Kind, conditions: Sequence[exp.Expr]) -> list[Named]:
        """Loaded facts of a kind that meet conditions."""
        names = [
            *(one.name for one in kind.record.columns),
            "identity",
            "version",
            "known-at",
            "source-file",
            "source-row",
        ]
        names += ["publication", "fact"]
        query = exp.select(*(column(name) for name in names)).from_(table(f"input {kind.name}")).where(*conditions)
        rows = self.executor.rows(query.order_by(column("fact")).limit(CALLED_MAX + 1))
        found = [dict(zip(names, row, strict=True)) for row in rows]
        return [Named(kind.name, int(str(row["fact"])), row) for row in found]

    def _called(self, asked: str) -> list[Named]:
        """The facts whose identity has every part of a name."""
        found: list[Named] = []
        # A number may have blanks in it: what was asked is looked for as it stands before it is taken apart.
        for words in ([asked.strip()], asked.replace("/", " ").replace(",", " ").split()):
            if any(words) and not found:
                for kind in (one for one in self._ruleset.kinds.values() if not one.told):
                    found += self._newest(self._rows(kind, [_has_part(word) for word in words]))
                found += self._recorded(words)
        if not found:
            raise BooksError(f"no fact is called {asked}; name a row as FILE:ROW, or a fact by what identifies it")
        if len(found) > CALLED_MAX:
            raise BooksError(
                f"more than {CALLED_MAX} facts are called {asked}; name more of what identifies the one meant"
            )
        return found

    def _newest(self, facts: Sequence[Named]) -> list[Named]:
        latest: dict[object, Named] = {}
        for one in sorted(facts, key=_age):
            latest[one.row["identity"]] = one
        return list(latest.values())

    def _recorded(self, words: Sequence[str]) -> list[Named]:
        """Facts that adjustments recorded in the runs that stand, by parts of what they were made from."""
        found: list[Named] = []
        for run in self._runs():
            for name, entry in self._books.run_entries(run).items():
                adjustment = self._ruleset.adjustments.get(relation_name(name).removeprefix("adjustment "))
                if adjustment is None or EFFECTS[adjustment.action.form] not in MAKING:
                    continue
                query = exp.select(column("fact"), column("identity")).from_(parquet(self._books.path(entry)))
                for fact, joined in self.executor.rows(query.where(*(_has_part(word) for word in words))):
                    kind = adjustment.action.name if adjustment.action.form == "record" else adjustment.grain.rows[0]
                    found.append(Named(kind, int(str(fact)), {"identity": joined}, run))
        return found

    # ---- what became of a fact ---------------------------------------------------------------------------------------

    def _became(self, named: Named) -> list[FactExplanation]:
        kind = self._ruleset.kinds[named.kind]
        if named.run is not None:
            return self._in_run(named, named.run)
        later = self._superseded(kind, named)
        runs = self._runs()
        posted = [one for one in runs if self._appears(one, named.fact, ("entry ",))]
        if later is not None and not posted:
            return [self._before_any_run(kind, named, later)]
        replayed = None if posted else self._replayed(kind, named)
        if replayed is not None:
            return [self._before_any_run(kind, named, replayed)]
        touched = [one for one in runs if self._appears(one, named.fact, ("adjustment ", "event"))]
        chosen = posted or touched[:1] or self._responsible(kind, named)
        if not chosen:
            return [self._before_any_run(kind, named, self._not_closed(kind, named))]
        return [one for run in chosen for one in self._in_run(named, run)]

    def _in_run(self, named: Named, run: Run) -> list[FactExplanation]:
        with evidence_of(self._books, self._ruleset, run, self._restore, self._resources) as evidence:
            return explain_facts(evidence, named.kind, [named.fact])

    def _before_any_run(self, kind: Kind, named: Named, why: Reason) -> FactExplanation:
        where = delivered(named.row)
        raw = {} if where is None else raw_rows(self.executor, self._books, [where])
        return FactExplanation(loaded_source(kind, named.row, raw), None, (), (why,))

    def _superseded(self, kind: Kind, named: Named) -> Reason | None:
        """A newer version of the same fact."""
        same = exp.EQ(this=column("identity"), expression=exp.Literal.string(str(named.row["identity"])))
        versions = sorted(self._rows(kind, [same]), key=_age)
        if not versions or versions[-1].fact == named.fact:
            return None
        newest = versions[-1]
        where = delivered(newest.row)
        raw = {} if where is None else raw_rows(self.executor, self._books, [where])
        place = f": {raw[where].file} row {raw[where].row}" if where is not None and where in raw else ""
        return Reason(f"version {newest.row['version']} of the same fact stands in its place{place}")

    def _runs(self) -> list[Run]:
        """The last run of each period, by period."""
        latest = {run.period: run for run in self._books.runs(self._calendar.name)}
        return sorted(latest.values(), key=lambda run: self._period(run).start)

    def _period(self, run: Run) -> Period:
        found = self._calendar.period(run.period)
        if found is None:
            raise BooksError(f"calendar `{self._calendar.name}` has no period {run.period}; give it its former periods")
        return found

    def _appears(self, run: Run, fact: int, names: tuple[str, ...]) -> bool:
        """Whether a run published something about a fact."""
        for name, entry in self._books.run_entries(run).items():
            have = [one for one in ("fact", "made-from") if one in dict(entry.columns)]
            if relation_name(name).startswith(names) and "fact" in have:
                same = [exp.EQ(this=column(one), expression=exp.Literal.number(str(fact))) for one in have]
                found = exp.select(column("fact")).from_(parquet(self._books.path(entry)))
                query = found.where(exp.or_(*same, copy=False)).limit(1)
                if self.executor.rows(query):
                    return True
        return False

    def _responsible(self, kind: Kind, named: Named) -> list[Run]:
        """The run in which a loaded fact would be posted by its day."""
        day, publication = named.row.get(kind.record.on or ""), int(str(named.row["publication"]))
        if not isinstance(day, date):
            return []
        return [run for run in self._runs() if self._period(run).end >= day and run.id > publication][:1]

    def _replayed(self, kind: Kind, named: Named) -> Reason | None:
        """Where a fact of a closed period was recomputed: the lines about the same that this changes."""
        day, publication = named.row.get(kind.record.on or ""), int(str(named.row["publication"]))
        for run in self._runs():
            began = self._period(run).start
            entries = {relation_name(name): entry for name, entry in self._books.run_entries(run).items()}
            if not isinstance(day, date) or run.id <= publication or began <= day or DIFFERENCES not in entries:
                continue
            about: list[exp.Expr] = [
                exp.EQ(this=column(name), expression=exp.Literal.string(str(named.row[name])))
                for name in DIMENSIONS
                if named.row.get(name) is not None
            ]
            about.append(exp.GT(this=column("line"), expression=exp.Literal.number(str(DIFFERENCE))))
            query = exp.select(column("id")).from_(parquet(self._books.path(entries["ledger line"]))).where(*about)
            lines = [str(one) for (one,) in self.executor.rows(query.order_by(column("id")))]
            more = f" and {len(lines) - CALLED_MAX:,} more" if len(lines) > CALLED_MAX else ""
            what = ", ".join(lines[:CALLED_MAX]) + more if lines else "nothing of what it is about"
            return Reason(
                f"it is dated {day} and became known when its period was closed; that was replayed with it, and "
                f"{run.period} posts what this changes: {what}"
            )
        return None

    def _not_closed(self, kind: Kind, named: Named) -> Reason:
        """Why no run has looked at a fact yet."""
        runs = self._runs()
        if not runs:
            return Reason("no period was closed yet; run `tieout close`")
        day, last = named.row.get(kind.record.on or ""), runs[-1]
        end = self._period(last).end
        if isinstance(day, date) and day > end:
            return Reason(f"it is dated {day}, and the last period closed is {last.period}, through {end}")
        if self._books.period(last.calendar, last.period).state.is_closed:
            after = self._calendar.next(self._period(last)).name
            return Reason(
                f"it was loaded after {last.period} was hard-closed, so it posts in {after}, which is not closed yet"
            )
        return Reason(f"it was loaded after trial {last.number} of {last.period}; close the period again")


def explain_row(
    books: Books,
    ruleset: Ruleset,
    asked: str,
    restore: Restore,
    incoming: Path,
    resources: Resources = AS_THE_MACHINE_HAS,
) -> RowExplanation:
    """Say what became of a delivered row, `FILE:ROW`, or of the facts whose identity has every part of `asked`: why it
    posts nothing, or which lines it has a share in. BooksError where there is no such row or fact."""
    search = RowSearch(books, ruleset, restore, incoming, resources)
    with search.executor:
        return search.explain(asked)


def _delivered_as(sha256: str, row: int) -> list[exp.Expr]:
    return [
        exp.EQ(this=column("source-file"), expression=exp.Literal.string(sha256)),
        exp.EQ(this=column("source-row"), expression=exp.Literal.number(str(row))),
    ]


def _published(publication: int) -> exp.Expr:
    return exp.EQ(this=column("publication"), expression=exp.Literal.number(str(publication)))


def _has_part(word: str) -> exp.Expr:
    """Whether an identity has a part that is this word."""
    parts = exp.Anonymous(this="string_split", expressions=[column("identity"), exp.Literal.string(IDENTITY_SEPARATOR)])
    return exp.Anonymous(this="list_contains", expressions=[parts, exp.Literal.string(word)])


def _age(named: Named) -> tuple[int, str, int, int]:
    """By version, day known, publication and place: the order in which later versions stand for earlier ones."""
    row = named.row
    return (int(str(row["version"])), str(row["known-at"]), int(str(row["publication"])), named.fact)
