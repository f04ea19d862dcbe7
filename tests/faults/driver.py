"""Puts commands under faults and looks at what each left; prints its figures as one JSON object.

    LD_PRELOAD=intercept.so python driver.py FOLDER PLAN

PLAN is a JSON object of `Plan`. A broken promise is a line in `failures`, with all that is needed to see it again.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from errno import EIO, ENOSPC
from itertools import zip_longest
from pathlib import Path

from tests.faults.control import Fault, Kind, Mode
from tests.faults.laboratory import HEADS, NOTHING, Ended, Laboratory, State, UnsoundError, assert_one_thread
from tests.faults.power import disks
from tests.faults.shop import COMMANDS, Command

KILLS, RANDOM_KILLS = "kills at an operation", "kills at a random moment"
REFUSALS, CUTS = "refused operations", "power cuts"
"""What is tried."""

MANY = 100
"""From so many images on, half of them are of commands that were killed before and run again."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to try: kills in all, refused operations in all (0: every one), images of power cuts, and the seed."""

    kills: int = 100
    refusals: int = 40
    images: int = 40
    seed: int = 20260401
    retries: int = 6
    """One trial in so many is followed by the same command again, which must end as if nothing had happened."""


@dataclass
class Figures:
    """What the trials came to: counts by what was tried, broken promises, and the sentences that refusals were told in.

    Of each kind of trial are counted, where there are any: `trials`, `opened`, `told`, `lost`, `partial`, `unsound`,
    `stored and not told`, `run again`, `run again differs`, `posted twice`.
    """

    counted: dict[str, dict[str, int]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    sentences: dict[str, int] = field(default_factory=dict)

    def count(self, what: str, name: str, more: int = 1) -> int:
        """Count something of a kind of trial; how often it was."""
        names = self.counted.setdefault(what, {})
        names[name] = names.get(name, 0) + more
        return names[name]


@dataclass(frozen=True, slots=True)
class Step:
    """A command and the states it leads from and to, undisturbed; how many operations it makes, and its seconds."""

    command: Command
    number: int
    before: State
    after: State
    operations: dict[Kind, int]
    seconds: float

    @property
    def place(self) -> str:
        """Where the state before is kept."""
        return f"before {self.number}"


class Driver:
    """Tries faults on the steps of a client, one trial after another."""

    def __init__(self, place: Path, plan: Plan) -> None:
        self.plan = plan
        self.laboratory = Laboratory(place)
        self.figures = Figures()
        self.chance = random.Random(plan.seed)
        self.every_step = list(self._undisturbed())
        self.steps = [step for step in self.every_step if step.command.tried]
        assert_one_thread()

    def _undisturbed(self) -> Iterator[Step]:
        laboratory = self.laboratory
        before = NOTHING
        for number, command in enumerate(COMMANDS):
            if command.tried:
                laboratory.keep(f"before {number}")
                if command.long:
                    laboratory.work_out(command, before)
                    laboratory.put_back(f"before {number}")
            started = time.monotonic()
            ended = laboratory.run(command, before)
            seconds = time.monotonic() - started
            assert ended.code == command.code, f"{command.words}: {ended.err}"
            counts = {Kind.CHANGES: ended.count, Kind.READS: laboratory.control["reads"]}
            after = laboratory.examine()
            if command.tried:
                laboratory.keep(f"before {number + 1}")
            yield Step(command, number, before, after, counts, seconds)
            before = after

    def kills(self, trials: int) -> None:
        """Kill commands just before and in the midst of their operations, each in turn, and at random moments."""
        points = [
            (step, Fault(Mode.KILL, at, torn=torn))
            for step in self.steps
            for at in range(1, step.operations[Kind.CHANGES] + 1)
            for torn in (False, True)
        ]
        self.chance.shuffle(points)
        for trial in range(trials):
            if trial % 5 == 4:
                step = self.chance.choice(self.steps)
                moment = self.chance.random() * step.seconds
                self._trial(RANDOM_KILLS, step, f"after {moment:.4f} s", self._killed_after(step, moment))
            else:
                step, fault = points[trial % len(points)]
                self._trial(KILLS, step, str(fault), self._run(step, fault))

    def refusals(self, trials: int) -> None:
        """Refuse operations for want of room or for a broken disk: every one, or so many, of each way in turn."""
        ways = [
            [
                (step, Fault(mode, at, error, kinds))
                for step in self.steps
                for at in range(1, step.operations[kinds] + 1)
            ]
            for kinds, errors in ((Kind.CHANGES, (ENOSPC, EIO)), (Kind.READS, (EIO,)))
            for mode in (Mode.FAIL_ONCE, Mode.FAIL_ON)
            for error in errors
        ]
        for points in ways:
            self.chance.shuffle(points)
        in_turn = [one for points in zip_longest(*ways) for one in points if one is not None]
        for step, fault in in_turn[: trials or len(in_turn)]:
            self._trial(REFUSALS, step, str(fault), self._run(step, fault))

    def power_cuts(self, images: int, killed: bool) -> None:
        """Let the commands run one after another, and cut the power after chosen operations.

        With `killed` each is killed at some operation first, and then run again.
        """
        laboratory = self.laboratory
        laboratory.clear()
        laboratory.control.start_record()
        for step in self.every_step:
            if killed and step.command.tried:
                at = self.chance.randint(1, step.operations[Kind.CHANGES])
                laboratory.run(step.command, step.before, Fault(Mode.KILL, at))
            # One that was killed may be stored: then what it works out is not what is kept for it.
            state = NOTHING if killed else step.before
            ended = laboratory.run(step.command, state)
            assert ended.code == step.command.code or (killed and ended.code == 1), ended.err
        record = laboratory.control.end_record()
        moments = sorted(self.chance.randrange(len(record)) for _ in range(images))
        self.figures.count(CUTS, "operations", len(record))
        self.figures.count(CUTS, "forced to the disk", sum(one.kind == "s" for one in record))
        for at, disk in enumerate(disks(laboratory.client, record)):
            for number in range(moments.count(at)):
                laboratory.clear()
                disk.image(random.Random(self.plan.seed + at * 1000 + number), laboratory.client)
                self._look_at_image(f"power cut after operation {at}, image {number}", disk.told)

    def _look_at_image(self, where: str, told: int) -> None:
        figures = self.figures
        figures.count(CUTS, "trials")
        step = self.every_step[min(told, len(self.every_step) - 1)]
        is_at_end = told == len(self.every_step)
        try:
            state = self.laboratory.examine()
        except UnsoundError as error:
            figures.count(CUTS, "unsound")
            figures.failures.append(f"{where}, {told} told: {error}")
            return
        figures.count(CUTS, "opened")
        if state != step.after and (is_at_end or not self._is_old(state, step)):
            wanted = step.after if is_at_end else step.before
            figures.count(CUTS, "lost" if (state.seq or 0) < (wanted.seq or 0) else "partial")
            figures.failures.append(f"{where}, {told} told: head {state.seq} instead of {wanted.seq} or the next")

    def _run(self, step: Step, fault: Fault) -> Callable[[], Ended]:
        return lambda: self.laboratory.run(step.command, step.before, fault)

    def _killed_after(self, step: Step, moment: float) -> Callable[[], Ended]:
        def kill(child: int) -> None:
            time.sleep(moment)
            os.kill(child, signal.SIGKILL)

        return lambda: self.laboratory.run(step.command, step.before, after=kill)

    def _trial(self, what: str, step: Step, fault: str, run: Callable[[], Ended]) -> None:
        """Run one command under one fault, and look at what it left."""
        self.laboratory.put_back(step.place)
        is_repeated = self.figures.count(what, "trials") % self.plan.retries == 0
        ended = run()
        where = f"{what}: {step.command.name} (step {step.number}), {fault}"
        try:
            problems = list(self._problems(what, step, ended, is_repeated))
        except UnsoundError as error:
            self.figures.count(what, "unsound")
            problems = [f"unsound: {error}"]
        self.figures.failures += [f"{where}: {problem} [{ended.code}] {ended.err.strip()}" for problem in problems]

    def _problems(self, what: str, step: Step, ended: Ended, is_repeated: bool) -> Iterator[str]:
        """What a command left that it must not leave."""
        state = self.laboratory.examine()
        self.figures.count(what, "opened")
        is_new = state == step.after
        if not is_new and not self._is_old(state, step):
            self.figures.count(what, "partial")
            yield f"neither old nor new: head {state.seq}"
        if ended.is_told:
            self.figures.count(what, "told")
            if ended.says_nothing_was_written:
                self.figures.count(what, "told that a file could not be read")
            if is_new == ended.says_nothing_was_written:
                self.figures.count(what, "lost")
                yield "told and not stored" if not is_new else f"stored, and told otherwise: {ended.out.strip()}"
        elif is_new:
            self.figures.count(what, "stored and not told")
            if "nothing was written" in ended.err:
                yield "stored, and told that nothing was written"
        if not ended.is_killed and not ended.is_told:
            yield from self._misspoken(ended)
        if is_repeated:
            self.figures.count(what, "run again")
            codes = (0, 1) if is_new else (step.command.code,)
            again = self.laboratory.run(step.command, step.after if is_new else step.before)
            found = self.laboratory.examine()
            if again.code not in codes or found != step.after:
                self.figures.count(what, "run again differs")
                yield f"run again it ended with {again.code}, or in another state: {again.err.strip()}"
            if (found.seq or 0) > (step.after.seq or 0):
                self.figures.count(what, "posted twice")

    def _is_old(self, state: State, step: Step) -> bool:
        """Whether a state is the one before a step; books that were begun and hold nothing are as good as none."""
        return state == step.before or (
            step.before == NOTHING and state.seq == 0 and [Path(name).suffix for name, _ in state.files] == [HEADS]
        )

    def _misspoken(self, ended: Ended) -> list[str]:
        """What is wrong with the message of a command that failed: it is one sentence with what to do next."""
        lines = ended.err.strip().splitlines()
        problems = []
        if ended.code != 1 or not lines or "Traceback" in ended.err or "bug in tieout" in ended.err:
            problems.append("not a clear message")
        elif [line for line in lines[1:] if not line.startswith("  help: ")]:
            problems.append("more than one message")
        else:
            sentence = lines[0].replace(str(self.laboratory.client), "")
            self.figures.sentences[sentence] = self.figures.sentences.get(sentence, 0) + 1
        return problems


def run(place: Path, plan: Plan) -> Figures:
    """Try all that a plan says."""
    driver = Driver(place, plan)
    for step in driver.steps:
        driver.figures.count("operations", step.command.name, step.operations[Kind.CHANGES])
    driver.kills(plan.kills)
    driver.refusals(plan.refusals)
    killed = plan.images // 2 if plan.images >= MANY else 0
    driver.power_cuts(plan.images - killed, killed=False)
    if killed:
        driver.power_cuts(killed, killed=True)
    return driver.figures


if __name__ == "__main__":
    print(json.dumps(asdict(run(Path(sys.argv[1]), Plan(**json.loads(sys.argv[2]))))))  # noqa: T201
    sys.stdout.flush()
    os._exit(0)
