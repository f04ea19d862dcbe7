"""What a ruleset is to the rest of the world: the rows it asks for, and the hash that pins its text."""

from __future__ import annotations

import hashlib
from pathlib import PurePath

from engine.model.ruleset import Ruleset
from engine.model.schema import Measure, Schema


def schema_of(ruleset: Ruleset) -> Schema:
    """The rows a client must supply: every register, kind and rate set, in order of the text."""
    records = [register.record for register in ruleset.registers.values()]
    records.extend(kind.record for kind in ruleset.kinds.values() if not kind.told)
    records.extend(rates.record for rates in ruleset.rates.values())
    told = tuple(name for name, kind in ruleset.kinds.items() if kind.told)
    calendars = tuple(ruleset.calendars.values())
    return Schema(tuple(records), ruleset.head.currency, bool(ruleset.rates), measures_of(ruleset), calendars, told)


def measures_of(ruleset: Ruleset) -> tuple[Measure, ...]:
    """The units that quantities may be given in."""
    found: list[Measure] = []
    for one in ruleset.units.values():
        if isinstance(one.factor, str):
            register, _, field = one.factor.partition(".")
            found.append(Measure(one.name, one.of, None, register, field, ruleset.registers[register].history))
        else:
            found.append(Measure(one.name, one.of, one.factor))
    return tuple(found)


def ruleset_hash(ruleset: Ruleset) -> str:
    """SHA-256, in hexadecimal, of the texts a ruleset was merged from: names and versions, then each file in order.

    A file counts by its own name and its lines; the folder it lies in and how its lines end make no difference.
    """
    digest = hashlib.sha256()
    for name, version in ruleset.head.lineage:
        digest.update(f"ruleset {name} version {version}\n".encode())
    for name, text in ruleset.texts:
        lines = "\n".join(line.rstrip() for line in text.splitlines())
        digest.update(f"file {PurePath(name).name} {len(lines.encode())}\n{lines}\n".encode())
    return digest.hexdigest()
