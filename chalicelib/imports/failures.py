"""Why an import ends as a whole, in words."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.imports.model import Counts, Job

MOSTLY_AFTER = 1_000
"""Refusals before an import is judged by how many there are."""

FAILURES: Mapping[str, str] = {
    "bad_header": "The first line does not name each of these columns once: {columns}.",
    "file_too_large": "The file is larger than an import may be.",
    "mostly_refused": "More than half of the lines were refused: the mapping does not fit the file.",
    "object_changed": "The file was replaced while it was read.",
    "object_gone": "The file is not there any more.",
    "unknown_source": "The import's source is gone.",
}


def sentence(job: Job) -> str:
    """What a failed import says of itself. It names columns that were declared, and nothing of the file."""
    columns = ", ".join(sorted(set(job.declaration.mapping.values())))
    return FAILURES[job.failure].format(columns=columns)


def fits_badly(counts: Counts) -> bool:
    """Whether so much is refused that the mapping is at fault and not the lines."""
    return counts.refused >= MOSTLY_AFTER and 2 * counts.refused > counts.records
