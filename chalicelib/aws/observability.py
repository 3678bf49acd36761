"""Logs and metrics: ids, codes and numbers, never what a customer sent.

Metrics are written as CloudWatch's embedded format with msgspec and not through Powertools
Metrics: 1.4 µs against 19 µs per invocation were measured, and Powertools keeps its metrics in one
process-wide set. The Logger is Powertools'.
"""

from __future__ import annotations

import logging
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from copy import copy
from typing import Any, TextIO, TypedDict, Unpack

import msgspec
from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from chalicelib.kernel.errors import ZhiyinError
from chalicelib.privacy.plain import is_plain_id

NAMESPACE = "Zhiyin"
_HIDDEN = "?"


class Ids(TypedDict, total=False):
    """What may stand in a log line. A value that does not look like an id is written as ``?``."""

    request_id: str
    tenant: str
    source: str
    principal: str
    channel: str
    profile_id: str
    decision_id: str
    event_key: str
    head: str
    checkpoint: int
    event_type: str
    message_id: str
    import_id: str
    job_id: str
    tag_id: str
    service: str
    operation: str
    route: str
    code: str
    status: int
    attempt: int
    count: int
    duration_ms: float
    size_bytes: int


_NAMES = frozenset(Ids.__annotations__)


class _CodesOnly(LambdaPowertoolsFormatter):
    """Writes an exception as its class, code and places: its text may quote what was sent."""

    def format(self, record: logging.LogRecord) -> str:
        if isinstance(record.exc_info, tuple) and record.exc_info[1] is not None:
            record = _without_text(record, record.exc_info[1])
        return super().format(record)


def _without_text(record: logging.LogRecord, error: BaseException) -> logging.LogRecord:
    record = copy(record)
    record.exc_info = record.exc_text = None
    record.__dict__["error"] = type(error).__name__
    if isinstance(error, ZhiyinError):
        record.__dict__["error_code"] = error.code
    frames = traceback.extract_tb(error.__traceback__)
    record.__dict__["places"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return record


class Journal:
    """Log lines and metrics of one function."""

    def __init__(
        self,
        function: str,
        *,
        level: str = "INFO",
        stream: TextIO | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """``now`` gives epoch seconds. ``stream`` is standard output unless given."""
        self._function = function
        self._now = now
        self._stream = stream
        self._metrics: dict[str, tuple[str, float]] = {}
        self._logger = Logger(
            service=function,
            level=level,
            stream=stream or sys.stdout,
            logger_formatter=_CodesOnly(use_rfc3339=True, utc=True),
        )

    def note(self, happened: str, **ids: Unpack[Ids]) -> None:
        """Say that something happened, by a snake_case code (``happened``)."""
        self._logger.info(happened, extra=_plain(ids), stacklevel=3)

    def warn(self, happened: str, **ids: Unpack[Ids]) -> None:
        """Say that something was refused or had to wait."""
        self._logger.warning(happened, extra=_plain(ids), stacklevel=3)

    def fault(self, happened: str, error: BaseException, **ids: Unpack[Ids]) -> None:
        """Say that something failed that should not: the error's class, code and places."""
        self._logger.error(happened, exc_info=error, extra=_plain(ids), stacklevel=3)

    def count(self, metric: str, amount: float = 1, unit: str = "Count") -> None:
        """Add to a metric, to be written by ``flush``. Units are CloudWatch's."""
        _, so_far = self._metrics.get(metric, (unit, 0))
        self._metrics[metric] = (unit, so_far + amount)

    def flush(self) -> None:
        """Write the metrics of this invocation, if any, and forget them."""
        if not self._metrics:
            return
        metrics, self._metrics = self._metrics, {}
        directive = {
            "Namespace": NAMESPACE,
            "Dimensions": [["function"]],
            "Metrics": [{"Name": name, "Unit": unit} for name, (unit, _) in metrics.items()],
        }
        line: dict[str, Any] = {
            "_aws": {"Timestamp": int(self._now() * 1000), "CloudWatchMetrics": [directive]},
            "function": self._function,
        }
        line |= {name: amount for name, (_, amount) in metrics.items()}
        (self._stream or sys.stdout).write(msgspec.json.encode(line).decode() + "\n")


def _plain(ids: Mapping[str, object]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name, value in ids.items():
        if name in _NAMES:
            fits = is_plain_id(value) if isinstance(value, str) else isinstance(value, int | float)
            plain[name if name != "service" else "called_service"] = value if fits else _HIDDEN
    return plain
