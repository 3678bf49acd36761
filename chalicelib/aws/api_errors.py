"""What an AWS service says when it refuses, and which refusals pass by themselves."""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.aws.http_answer import Answer
from chalicelib.kernel.errors import ServiceRefused

THROTTLES = frozenset(
    {
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingError",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
_CONFLICTS = frozenset({"TransactionConflict", "TransactionConflictException"})


class Reason(msgspec.Struct, frozen=True):
    """Why one part of a transaction was refused. ``code`` is ``None`` for parts that were fine."""

    code: str
    message: str = ""
    item: dict[str, Any] | None = None

    def __repr__(self) -> str:
        return f"<reason {self.code}>"


class ApiError(ServiceRefused):
    """The service understood and refused.

    ``code`` is the service's own (``ConditionalCheckFailedException``). ``retryable`` says that
    the state it met was transient (a conflict with another transaction). ``ambiguous`` says that
    an earlier attempt of the same call got no answer and may have been applied: a failed condition
    may then be our own doing. The service's message may quote values: it is for tests and
    consoles, never for logs or answers, and is not part of ``str()``.
    """

    def __init__(
        self,
        code: str,
        status: int,
        message: str,
        *,
        retryable: bool = False,
        ambiguous: bool = False,
        cancellation_reasons: tuple[Reason, ...] = (),
        item: dict[str, Any] | None = None,
    ) -> None:
        reasons = tuple(reason.code for reason in cancellation_reasons)
        super().__init__(code, "An AWS service refused a call.", reasons)
        self.status = status
        self.service_message = message
        self.retryable = retryable
        self.ambiguous = ambiguous
        self.cancellation_reasons = cancellation_reasons
        self.item = item


def read_error(answer: Answer) -> ApiError:
    """The error that an answer other than 200 carries; an unreadable one has the code ``unknown``."""
    try:
        body = msgspec.json.decode(answer.body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        body = {}
    kind = body.get("__type") or answer.headers.get(b"x-amzn-errortype", b"").decode("latin-1")
    # "com.amazonaws.dynamodb.v20120810#Code", "Code:http://…" and "Code" are all in use.
    code = str(kind or body.get("code") or "unknown").rpartition("#")[2].partition(":")[0]
    message = str(body.get("message") or body.get("Message") or "")
    reasons = tuple(
        Reason(part.get("Code") or "None", part.get("Message") or "", part.get("Item"))
        for part in body.get("CancellationReasons") or ()
    )
    failed = {reason.code for reason in reasons} - {"None"}
    transient = code in _CONFLICTS or (bool(failed) and failed <= _CONFLICTS | THROTTLES)
    return ApiError(
        code,
        answer.status,
        message,
        retryable=transient,
        cancellation_reasons=reasons,
        item=body.get("Item"),
    )
