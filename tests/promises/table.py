"""What tieout promises, P1 to P25: the words, the target, and tests that stand beside those that record figures.

What was reached is not written here: `make promises` runs every test that calls `reached` (tests/support/promises.py),
keeps the figures in docs/promises.json and writes docs/promises.md of both.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Promise:
    """A promise: its number and words, the target of the design, and how many trials that asks of one of its proofs.

    `tests` are proofs that record no figure, as `path::function`. `not_claimed` says what stays outside the promise,
    and `missing` what of it no test shows yet: a promise that misses something is never called met.
    """

    number: str
    words: str
    target: str
    wanted: int
    tests: tuple[str, ...] = ()
    not_claimed: str = ""
    missing: str = ""


PROMISES = (
    Promise(
        "P1",
        "No row is lost: for every file, rows received are rows accepted and rows in quarantine, by count and by"
        " control total.",
        "0 rows unaccounted for in 20,000 files, counted byte by byte",
        20_000,
    ),
    Promise(
        "P2",
        "Debits equal credits in every entry, period, currency and company, always; the tolerance is exactly 0.",
        "0 violations in 10,000 runs of 50 steps",
        10_000,
        ("tests/engine/plan/test_whole_run.py::test_the_month_has_something_of_everything",),
    ),
    Promise(
        "P3",
        "Units are conserved: opening and movements make closing for each partner and part, and opening is the closing"
        " of the period before.",
        "0 violations in 10,000 runs and 2,000 pairs",
        10_000,
        ("tests/engine/plan/test_whole_run.py::test_the_next_month_follows_from_what_was_handed_over",),
        missing="pairs of split or merged files.",
    ),
    Promise(
        "P4",
        "A hard-closed period never changes.",
        "0 accepted writes, 0 changed bytes in 100,000 calls",
        100_000,
        ("tests/adapters/cli/test_periods.py::test_a_trial_a_hard_close_and_what_it_forbids",),
    ),
    Promise(
        "P5",
        "A run that is killed at any instant leaves the books as they were, or as they were to be.",
        "0 of 10,000 kills lose what was acknowledged, leave a part or books that do not open",
        10_000,
    ),
    Promise(
        "P6",
        "A power cut does not lose what was acknowledged.",
        "0 lost in 2,000 images of the disk, every one opens",
        2_000,
        not_claimed="Disks that say they wrote and did not.",
    ),
    Promise(
        "P7",
        "A full disk, a failing disk or too little memory is one sentence, leaves the books as they were, and the next"
        " run goes on.",
        "every call of load, trial, close, publication and backup: 0 silent",
        100,
        missing="memory that runs out at any allocation of a command.",
    ),
    Promise(
        "P8",
        "What is reported as published is stored and was read back.",
        "0 false successes: 9 kinds of error at every statement of a publication",
        90,
    ),
    Promise(
        "P9",
        "The same files under the same rules give the same journal, byte for byte, whatever the order of rows and files"
        " and the number of threads.",
        "exactly 1 outcome for each of 500 data sets",
        500,
        (
            "tests/adapters/books/test_publication.py::"
            "test_the_same_rows_give_the_same_bytes_whatever_their_order_and_the_threads",
            "tests/engine/layers/test_placing.py::test_neither_row_order_nor_threads_change_a_row",
        ),
        not_claimed="Other engines than DuckDB: Spark was not run.",
        missing="500 data sets, and limits of memory: two sets were run in many orders.",
    ),
    Promise(
        "P10",
        "A file loaded again changes nothing, and a command repeated after a lost answer changes nothing.",
        "0 duplicate rows, 0 second postings in 5,000 sequences",
        5_000,
    ),
    Promise(
        "P11",
        "Tampering with the books and putting an old copy back are found.",
        "0 of 10,000 mutations undetected; a million events verified in under 5 s",
        10_000,
        (
            "tests/adapters/books/test_verify.py::test_flipped_bytes_of_the_ledger_are_found_or_harmless",
            "tests/adapters/audit/test_verifier.py"
            "::test_what_should_not_have_been_done_is_found_though_the_chain_is_whole",
        ),
        not_claimed="An anchor that is rewritten together with the books, where no report was ever handed out. Whoever"
        " administers the machine is detected, not prevented.",
        missing="a million events in 5 s: the second verifier took 6.4 s of processor time for 100,000, so a minute.",
    ),
    Promise(
        "P12",
        "Nobody both makes and approves.",
        "0 self-approvals: every sequence of 3 users, 4 roles and 6 actions to depth 6, and 10,000 random ones",
        10_000,
        not_claimed="Two accounts of one person.",
    ),
    Promise(
        "P13",
        "Rules cannot read files, the network, the environment or other tables, nor write.",
        "0 escapes of 500 hostile rulesets and every function of DuckDB, at each of 3 layers alone",
        500,
    ),
    Promise(
        "P14",
        "Two people at once never leave what neither alone could: a line in a closed period, an approval of something"
        " else.",
        "0 anomalies in 5,000 interleavings",
        5_000,
    ),
    Promise(
        "P15",
        "There is one writer: a second one is told so within a second, and copies, links and forks lose nothing.",
        "0 lost rows in 1,000 trials",
        1_000,
    ),
    Promise(
        "P16",
        "Arithmetic is exact, rounding is declared, and what would overflow is an error.",
        "0 of 1,000,000 random expressions differ from fractions; no floating point in what is posted",
        1_000_000,
        (
            "tests/engine/plan/test_whole_run.py::test_no_column_of_any_relation_is_inexact",
            "tests/engine/plan/test_numbers.py::test_a_product_of_more_digits_than_are_exact_is_refused_when_planned",
            "tests/architecture/test_tidy.py::test_money_never_touches_floating_point",
        ),
    ),
    Promise(
        "P17",
        "Every line of the journal leads to rows of files, to a version of a rule and to people, and back.",
        "every line; sources sum to the line; a deleted trace fails verification",
        1_000,
        (
            "tests/adapters/test_explain.py::test_shown_rows_and_the_rest_are_the_line",
            "tests/adapters/test_explain.py::test_a_line_leads_to_its_rule_its_layers_and_its_rows",
        ),
    ),
    Promise(
        "P18",
        "What ran is what was approved.",
        "0 of 1,000 changes by one byte in rules, parameters, engine or schema run",
        1_000,
        ("tests/adapters/test_approved_only.py::test_a_period_is_not_frozen_by_rules_that_hold_from_a_later_day",),
        not_claimed="tieout itself: the manifest of a run names its version and the hash of the SQL it ran, and nobody"
        " approves a version of tieout in the books.",
    ),
    Promise(
        "P19",
        "Every input is taken or refused within bounds of time and memory, and never with a traceback.",
        "0 hangs over 10 s, 0 over the memory cap, 0 tracebacks in 20,000 inputs and the bombs",
        20_000,
    ),
    Promise(
        "P20",
        "Exports are safe to open in a spreadsheet, and figures stay figures.",
        "0 live formulas, 0 figures turned into text of 5,000 strings",
        5_000,
    ),
    Promise(
        "P21",
        "A backup restores to the same hashes, and a damaged one is refused.",
        "0 wrong restores accepted: 500 restores, 200 damaged backups",
        500,
    ),
    Promise(
        "P22",
        "An upgrade keeps the hashes of closed periods, and an older tieout refuses newer books by name.",
        "0 changed hashes, with 50 kills at each step",
        50,
    ),
    Promise(
        "P23",
        "No secret and no value of a row stands in a log, an error or the audit trail.",
        "0 hits of canaries in 12 places over 2,000 failing runs",
        2_000,
    ),
    Promise(
        "P24",
        "The checks bite: a bug planted in the code is caught by the test that is named for it.",
        "60 of 60 seeded bugs",
        60,
        not_claimed="A mutation score of the whole code, and coverage in per cent.",
    ),
    Promise(
        "P25",
        "Every privileged act stands in the audit trail once, refused ones too.",
        "0 acts missing, 0 recorded twice or invented, in 10,000",
        10_000,
    ),
)
"""In their order."""
