"""Seeded bugs in how files are taken in and how books are written and checked."""

from __future__ import annotations

from tests.seeded.planting import Bug

BUGS = (
    Bug(
        "trailer-within-a-unit",
        "a file whose trailer is out by one is taken",
        "P1",
        "adapters/feeds/totals.py",
        "if total == figure:",
        "if total is not None and abs(Decimal(str(total)) - figure) <= 1:",
        "tests/adapters/test_intake.py::test_a_trailer_that_does_not_agree_refuses_the_file",
    ),
    Bug(
        "quarantined-total-counted-as-accepted",
        "a bad row's units are counted as accepted in the control total",
        "P1",
        "adapters/feeds/totals.py",
        "good = both(exp.Not(this=bad), exp.Not(this=aside))",
        "good = exp.Not(this=aside)",
        "tests/faults/input/test_completeness.py::test_every_row_and_cent_of_damaged_files_is_accepted_or_waits",
    ),
    Bug(
        "repeated-row-loaded-twice",
        "a row that stands twice in a file becomes two facts",
        "P10",
        "adapters/feeds/versions.py",
        "more = exp.GT(this=exp.Count(this=exp.Star()), expression=number(1))",
        "more = exp.GT(this=exp.Count(this=exp.Star()), expression=number(2))",
        "tests/adapters/test_intake.py::test_repeats_in_a_file_are_quarantined",
    ),
    Bug(
        "known-fact-again",
        "what a later file repeats becomes a second version",
        "P10",
        "adapters/feeds/versions.py",
        'named(certainly(both(was_there, same)), "is known")',
        'named(exp.false(), "is known")',
        "tests/adapters/test_intake.py::test_a_later_file_brings_new_versions_and_repeats_nothing",
    ),
    Bug(
        "last-day-of-a-closed-period-changed",
        "a fact of the last day of a hard-closed period may be changed",
        "P4",
        "adapters/feeds/versions.py",
        "exp.LTE(this=column(record.on, alias), expression=last.copy())",
        "exp.LT(this=column(record.on, alias), expression=last.copy())",
        "tests/adapters/test_intake.py::test_a_fact_of_the_last_day_of_a_hard_closed_period_is_kept",
    ),
    Bug(
        "moved-into-a-closed-period",
        "a fact may be moved into a hard-closed period",
        "P4",
        "adapters/feeds/versions.py",
        """for alias in ("old", "new")
""",
        """for alias in ("old",)
""",
        "tests/adapters/test_intake.py::test_a_hard_closed_period_keeps_its_facts",
    ),
    Bug(
        "quarantine-loses-a-row",
        "of a file's bad rows the first is not kept in quarantine",
        "P1",
        "adapters/feeds/take.py",
        '.from_(ranks.subquery("bad"))',
        '.from_(ranks.order_by(column(ROW)).offset(1).subquery("bad"))',
        "tests/adapters/test_intake.py::test_repeats_in_a_file_are_quarantined",
    ),
    Bug(
        "unread-number-is-missing",
        "an amount that cannot be read is taken as missing",
        "P1",
        "adapters/feeds/staging.py",
        'lengths = call("list_sum"',
        'lengths = call("list_max"',
        "tests/adapters/test_intake.py::test_each_bad_row_is_quarantined_for_its_reason",
    ),
    Bug(
        "chain-skips-a-link",
        "the check of the chain does not look whether an event follows the one before",
        "P11",
        "adapters/books/verify.py",
        "if (event.seq, event.prev_hash) != (head.seq + 1, head.hash):",
        "if event.seq != head.seq + 1:",
        "tests/adapters/books/test_verify.py::test_a_deleted_event_an_older_head_and_another_beginning_are_found",
    ),
    Bug(
        "rows-not-held-against-their-event",
        "the check of the chain does not look at the rows that a publication wrote",
        "P11",
        "adapters/books/verify.py",
        "if ledger.content_digest(event.seq) != event.content:",
        "if not event.content:",
        "tests/adapters/books/test_verify.py::test_every_edited_cell_is_found",
    ),
    Bug(
        "file-not-read",
        "files of the right size are taken to be as published",
        "P11",
        "adapters/books/verify.py",
        "is_changed = durable.sha256_file(path) != file.sha256",
        "is_changed = not path.stat().st_size == file.size",
        "tests/adapters/books/test_verify.py::test_one_changed_byte_of_a_file_is_found_and_named",
    ),
    Bug(
        "lock-shared",
        "two writers may hold the lock of the books at once",
        "P15",
        "adapters/books/lock.py",
        "fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)",
        "tests/adapters/books/test_store.py::test_the_second_writer_is_told_who_writes",
    ),
    Bug(
        "renamed-folder-not-forced",
        "the name of what was published is not forced to the disk",
        "P6",
        "adapters/books/durable.py",
        """    os.rename(source, target)
    fsync_folder(target.parent)
""",
        """    os.rename(source, target)
""",
        "tests/adapters/books/test_durable.py::test_a_rename_forces_both_folders_to_the_disk",
    ),
    Bug(
        "forced-before-it-moves",
        "folders are forced to the disk before the rename instead of after",
        "P6",
        "adapters/books/durable.py",
        """    os.rename(source, target)
    fsync_folder(target.parent)
    fsync_folder(source.parent)
""",
        """    fsync_folder(target.parent)
    fsync_folder(source.parent)
    os.rename(source, target)
""",
        "tests/adapters/books/test_durable.py::test_a_rename_forces_both_folders_to_the_disk",
    ),
    Bug(
        "head-not-compared",
        "a publication goes on though the head moved meanwhile",
        "P14",
        "adapters/books/publication.py",
        """        if moved.rowcount != 1:
""",
        """        if moved.rowcount > 1:
""",
        "tests/adapters/books/test_publication.py::test_a_head_that_moved_meanwhile_refuses_the_publication",
    ),
    Bug(
        "staged-file-changed",
        "a file that changed between writing and publishing is published",
        "P8",
        "adapters/books/publication.py",
        """if path.stat().st_size != file.size:
                    raise""",
        """if not path.stat().st_size:
                    raise""",
        "tests/adapters/books/test_publication.py::test_a_staged_file_that_changed_is_not_published",
    ),
    Bug(
        "not-read-back",
        "a publication is told of without reading the head back",
        "P8",
        "adapters/books/publication.py",
        """        if self._ledger.connection.in_transaction:
            raise BooksError""",
        """        if False:
            raise BooksError""",
        "tests/faults/test_statements.py::test_no_failed_statement_of_a_publication_is_a_success",
    ),
    Bug(
        "anchor-forgets",
        "the head is not written outside the books",
        "P11",
        "adapters/books/publication.py",
        """            self._anchor.add(head, event.at)
""",
        """            pass
""",
        "tests/adapters/audit/test_verifier.py::test_sound_books_have_no_problems_and_are_left_as_they_are",
    ),
)
