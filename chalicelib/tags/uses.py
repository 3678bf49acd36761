"""Whether a tag may serve a purpose: by its own word, and by what its conditions read.

A tag tells what it reads. So it may serve no purpose that any of that may not: this is said when it is published, and
a rule that was published before the data map was narrowed serves that purpose no more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from chalicelib.privacy.uses import ANYTHING, Use, together, wider
from chalicelib.profiles.conditions import reads
from chalicelib.profiles.operators import BadOperator, expand
from chalicelib.profiles.uses import path_use
from chalicelib.profiles.values import stem
from chalicelib.tags.model import Signal, TagRule

_OF_GROUPS = "g"
_OF_TAGS = frozenset({"share", "usual", "lift", "change"})


def reads_of(rule: TagRule) -> frozenset[str]:
    """The paths that a rule reads."""
    return frozenset().union(*map(signal_reads, rule.signals))


def signal_reads(signal: Signal) -> frozenset[str]:
    """What a signal reads; nothing where it cannot be understood, which is a mistake of its own."""
    try:
        return reads(expand(signal.when))
    except BadOperator:
        return frozenset()


class Uses:
    """What may be done with each path that a rule may read, and with each tag."""

    def __init__(self, measured: Mapping[str, Use], rules: Mapping[str, TagRule]) -> None:
        self._measured = measured
        self.rules = rules
        self._allowed: dict[tuple[str, str], bool] = {}

    def of_path(self, path: str) -> Use | None:
        """The use of the value at a path; None where nothing is there."""
        head, _, rest = path.partition(".")
        if head != _OF_GROUPS:
            return path_use(path, self._measured)
        kind, _, name = rest.partition(".")
        if not name:
            # How many people there are tells of none of them.
            return ANYTHING
        if kind in _OF_TAGS:
            rule = self.rules.get(name)
            return None if rule is None else self.of_rule(rule)
        return self._measured.get(name)

    def of_rule(self, rule: TagRule) -> Use:
        """The use of a tag: what it is declared for, of what all it reads may do."""
        whole = self.of_reads(reads_of(rule))
        days = [one for one in (whole.retention_days, int(rule.expires_days or 0)) if one]
        return Use(
            tuple(one for one in rule.purposes if not wider([one], whole)), whole.legal_basis, min(days, default=0)
        )

    def of_reads(self, paths: Iterable[str]) -> Use:
        """What may be done with what all of these paths tell together. What nothing has binds nothing."""
        return together(use for path in paths if (use := self.of_path(path)) is not None)

    def serves(self, rule: TagRule, purpose: str, paths: Collection[str]) -> bool:
        """Whether a rule that reads these paths may speak for a purpose."""
        if purpose not in rule.purposes:
            return False
        return all(self._allows(path, purpose) for path in paths)

    def _allows(self, path: str, purpose: str) -> bool:
        # What may be done with a measure is the same for each of its stats.
        asked = path if path.startswith(f"{_OF_GROUPS}.") else stem(path), purpose
        known = self._allowed.get(asked)
        if known is None:
            use = self.of_path(path)
            known = self._allowed[asked] = use is None or not wider([purpose], use)
        return known
