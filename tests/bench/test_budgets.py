"""The budgets of speed, cost and size. Nothing is asserted of a time: a missed budget is said to be missed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator

import pytest

from infra.failures import Failure
from tests.bench import dispatch, hot_paths, kms_calls, library, packaged, pure, report, scores, segments, words, world
from tests.bench.measure import Row

pytestmark = pytest.mark.bench


def test_budgets__measured_beside_their_yardsticks__are_printed_and_written():
    """Every budget that exists has its row, with what was measured or why it could not be."""
    rows: list[Row] = []
    for source in (
        _of_handlers(),
        packaged.rows(),
        pure.rows(),
        library.rows(),
        words.rows(),
        dispatch.rows(),
        segments.rows(),
        scores.rows(),
    ):
        for row in _as_far_as_possible(source):
            report.print_row(row)
            rows.append(row)
    report.print_table(rows)
    report.write(rows)
    print(*kms_calls.lines(), sep="\n")
    assert all(row.ratio is not None for row in rows), "some budgets could not be measured; the table says why"


def _of_handlers() -> Iterator[Row]:
    kept = dict(os.environ)
    try:
        with world.opened() as opened:
            yield from hot_paths.rows(opened)
    finally:
        os.environ.clear()
        os.environ.update(kept)


def _as_far_as_possible(source: Iterable[Row]) -> Iterator[Row]:
    """The rows of a source; one that says why there are no more of them, if something is missing here."""
    try:
        yield from source
    except Failure as failure:
        yield Row("rows that are missing", "", "", None, 0.0, note=str(failure))
    finally:
        with contextlib.suppress(AttributeError):
            source.close()  # type: ignore[attr-defined]
