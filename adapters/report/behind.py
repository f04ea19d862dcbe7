"""Who stands behind a close, as the lines of its page."""

from __future__ import annotations

from adapters.report.closing import Behind


def behind_lines(behind: Behind) -> tuple[str, ...]:
    """Each act with who did it and when, what is lacking, and the head at which the books stand."""
    lines = [
        f"{one.what} by {one.by} on {one.at[:10]} at {one.at[11:16]} UTC" + (f": {one.words}" if one.words else "")
        for one in behind.signed
    ]
    if behind.rules:
        lines.append(f"not yet to be closed for good: {behind.rules}")
    if not behind.is_governed:
        lines.append("these books name no people: one person may do everything in them")
    return (*lines, f"the books stand at {behind.head}")
