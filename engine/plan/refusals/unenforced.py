"""What a ruleset says and a run reads over: warned of once, because the books come out the same without it."""

from __future__ import annotations

from dsl.diagnostics import Diagnostics
from engine.model.ruleset import Ruleset


def warn_of_overrides(ruleset: Ruleset, diagnostics: Diagnostics) -> None:
    """Warn (T901) that nobody overrides a variance yet: neither limits of roles nor `overrides lapse` are enforced."""
    roles = [role for role in ruleset.roles.values() if role.overrides]
    if not roles and ruleset.head.overrides_lapse is None:
        return
    said = ["what roles may override"] if roles else []
    said += ["when overrides lapse"] if ruleset.head.overrides_lapse is not None else []
    verb = "is" if len(said) == 1 else "are"
    diagnostics.warning(
        "T901",
        f"{' and '.join(said)} {verb} read but not enforced yet",
        roles[0].span if roles else ruleset.head.span,
        "nothing overrides a variance in this version; its table alone decides the treatment",
    )
