"""`make seeded`: plant every bug, one by one, and run the test that is named for it.

    python -m tests.seeded.report                  # every bug
    python -m tests.seeded.report last-day-of-period week-53

Prints a line for each; the code is 1 where a bug survived, or where a named test fails without a bug.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from tests.seeded.bugs import amounts, files, people, units
from tests.seeded.planting import Bug, planted, ran
from tests.support.shared import ROOT

BUGS: tuple[Bug, ...] = (*units.BUGS, *amounts.BUGS, *files.BUGS, *people.BUGS)
CAUGHT, SURVIVED = "caught", "SURVIVED"


def report(bugs: Sequence[Bug]) -> bool:
    """Say of each bug whether it was caught; whether all were, and every named test passes without a bug."""
    clean = ran(list(dict.fromkeys(bug.test for bug in bugs)), {})
    sys.stdout.write(f"without a bug: {clean.said}\n")
    good = clean.is_pass
    for bug in bugs:
        verdict = ran([bug.test], planted(bug))
        good &= verdict.is_failure
        sys.stdout.write(f"{CAUGHT if verdict.is_failure else SURVIVED} {bug.id}: {bug.says}\n    {verdict.said}\n")
        sys.stdout.flush()
    return good


def main(names: Sequence[str]) -> int:
    """Plant the bugs of some names, or all."""
    os.chdir(ROOT)
    unknown = set(names) - {bug.id for bug in BUGS}
    if unknown:
        sys.stderr.write(f"there is no bug {', '.join(sorted(unknown))}\n")
        return 2
    return 0 if report([bug for bug in BUGS if not names or bug.id in names]) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
