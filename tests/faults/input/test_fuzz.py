"""Rules, configurations and files that are not what was meant: taken or refused, never a hang, a traceback or a bug.

Each trial is a seed; TIEOUT_SEED=NUMBER runs one alone.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.support.commands import Tieout
from tests.support.fuzzing import unlike
from tests.support.promises import reached, trials
from tests.support.shop_client import CLIENT, JANUARY, RULESET

SECONDS_MAX = 10
FILES_AT_ONCE = 20


def seeds(release: int, per_commit: int | None = None) -> Iterator[tuple[int, random.Random]]:
    """The seeds of a proof's trials, each with its chance."""
    asked = os.environ.get("TIEOUT_SEED")
    for seed in [int(asked)] if asked else range(trials(release, per_commit)):
        yield seed, random.Random(seed)


def test_rules_and_configurations_unlike_any(tieout: Tieout, shop: Path) -> None:
    ended: Counter[int] = Counter()
    for place, text, release in (("shop.tieout", RULESET, 10_000), ("client.yaml", CLIENT, 8_000)):
        ran: Counter[int] = Counter()
        for seed, chance in seeds(release):
            (shop / place).write_bytes(unlike(chance, [text.encode()]))
            started = time.process_time()
            ran[tieout("check").code] += 1
            assert time.process_time() - started < SECONDS_MAX, f"TIEOUT_SEED={seed}"
        (shop / place).write_text(text, encoding="utf-8")
        reached("P19", f"{place} changed at random and checked", ran.total(), 0, refused=ran[1], taken=ran[0])
        ended += ran
    assert min(ended[0], ended[1]) > 0 or ended.total() == 2


def test_files_unlike_any(tieout: Tieout, shop: Path) -> None:
    ended: Counter[str] = Counter()
    batch: list[int] = []
    for seed, chance in seeds(2_000, per_commit=10):
        name, text = chance.choice(list(JANUARY.items()))
        data = unlike(chance, [text.encode()] if chance.random() < 0.8 else [one.encode() for one in JANUARY.values()])
        (shop / "incoming" / f"{name.removesuffix('.csv')}_{seed}.csv").write_bytes(data)
        batch.append(seed)
        if len(batch) == FILES_AT_ONCE:
            ended += load_twice(tieout, shop, batch)
            batch = []
    ended += load_twice(tieout, shop, batch)
    reached("P19", "files changed at random and loaded", ended.pop("files"), 0, **ended)
    assert min(ended["refused"], ended["loaded"]) > 0 or len(batch) == 1


def load_twice(tieout: Tieout, shop: Path, batch: list[int]) -> Counter[str]:
    """Load files: all of them, which one bad file refuses; then those that were not refused, which must be taken."""
    if not batch:
        return Counter()
    started = time.process_time()
    first = tieout("load", "--format", "json").values
    refused = [file["name"] for file in first["files"] if file["outcome"] == "refused"]
    for name in refused:
        (shop / "incoming" / name).unlink()
    second = tieout("load", "--format", "json").values
    assert time.process_time() - started < SECONDS_MAX * len(batch), f"seeds {batch}"
    assert [file["name"] for file in second["files"] if file["outcome"] == "refused"] == []
    for path in (shop / "incoming").iterdir():
        path.unlink()
    return Counter(files=len(batch), refused=len(refused), loaded=len(batch) - len(refused))
