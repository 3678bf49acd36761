"""The product's own client with faults in it: what DynamoDB and the network do to a call, by chance.

A fault happens where the bytes would go out or come in, so that the signing, the reading of errors and the retrying
above it are those that ship.
"""

from __future__ import annotations

import json
import os
import random
import signal
from collections.abc import Callable, Collection, MutableSequence
from typing import Any, Protocol

from chalicelib.aws.credentials import credentials_from
from chalicelib.aws.http_answer import Answer
from chalicelib.aws.json_api import JsonApi
from chalicelib.aws.retrying import RetryPolicy
from chalicelib.aws.services import SERVICES
from infra import emulator

EVERYWHERE = ("refused", "answer_lost", "throttled", "server_error", "server_error_after", "kill_before", "kill_after")
IN_TRANSACTIONS = ("conflict", "throttled_within", "in_progress")
KINDS = (*EVERYWHERE, *IN_TRANSACTIONS, "conflict_put", "unprocessed", "stale_read", "stale_index")
CALLS = len(KINDS)
"""The place, after the kinds, where calls are counted."""
_WEIGHTS = {
    "refused": 3,
    "answer_lost": 4,
    "conflict": 4,
    "unprocessed": 6,
    "stale_read": 6,
    "stale_index": 6,
    "conflict_put": 8,
}
_DEFAULT_WEIGHT = 2

type Send = Callable[[], Answer]


class Lock(Protocol):
    """A lock that processes share."""

    def acquire(self, block: bool = True) -> bool:
        """Take it; without ``block``, only when it is free."""

    def release(self) -> None:
        """Give it back."""


def quick_retries() -> RetryPolicy:
    """The policy that ships, with pauses a hundredth as long."""
    return RetryPolicy(base_seconds=0.000_25, longest_pause_seconds=0.01)


class Faults:
    """Draws faults at a rate, and counts them where a killed process leaves them to be read."""

    def __init__(
        self, rate: float, chance: random.Random, counts: MutableSequence[int], kinds: Collection[str] = KINDS
    ) -> None:
        self.rate = rate
        self.kinds = kinds
        self.counts = counts
        self._chance = chance

    def draw(self, operation: str, body: bytes) -> str:
        """The fault of one call, or ''."""
        self.counts[CALLS] += 1
        if self._chance.random() >= self.rate:
            return ""
        kinds = [one for one in (*EVERYWHERE, *_kinds_of(operation, body)) if one in self.kinds]
        if not kinds:
            return ""
        kind = self._chance.choices(kinds, [_WEIGHTS.get(one, _DEFAULT_WEIGHT) for one in kinds])[0]
        self.counts[KINDS.index(kind)] += 1
        return kind

    def share(self) -> float:
        """Some share, for faults that take part of an answer."""
        return self._chance.random()


def _kinds_of(operation: str, body: bytes) -> tuple[str, ...]:
    """The faults that only some calls have."""
    if operation == "TransactWriteItems":
        return IN_TRANSACTIONS
    if operation == "PutItem":
        return ("conflict_put",)
    if operation == "Query":
        # What is asked of the table itself, strongly consistent, lags behind nothing.
        return () if b'"ConsistentRead":true' in body else ("stale_index",)
    kinds = ("unprocessed",) if operation == "BatchGetItem" else ()
    return kinds if b'"ConsistentRead":true' in body else (*kinds, "stale_read")


class FaultyApi(JsonApi):
    """DynamoDB's client whose wire fails as ``faults`` say; without them it counts attempts only."""

    def __init__(
        self,
        endpoint: str,
        faults: Faults | None = None,
        one_at_a_time: Lock | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        """With ``one_at_a_time``, a transaction that meets another one under way is refused, as DynamoDB does when they
        share an item and DynamoDB Local, which lets them queue, does not.
        """
        service = SERVICES["dynamodb"]
        super().__init__(
            service="dynamodb",
            target_prefix=service.target_prefix,
            json_version=service.json_version,
            region=emulator.REGION,
            endpoint=endpoint,
            credentials=credentials_from(emulator.CREDENTIALS),
            retry=retry or quick_retries(),
            # Two cores serve everybody here: a real silence is not what is tried.
            read_timeout_seconds=20,
            answers=service.answers,
        )
        self.attempts: list[tuple[str, int]] = []
        """For each call, its operation and how often it was sent."""
        self._faults = faults
        self._one_at_a_time = one_at_a_time
        self._earlier: dict[bytes, Answer] = {}
        self._sent = 0

    def call(self, operation: str, body: dict[str, Any], *reads: Any) -> dict[str, Any]:
        """As the product's, and counted."""
        self._sent = 0
        try:
            return super().call(operation, body, *reads)
        finally:
            self.attempts.append((operation, self._sent))

    def _exchange(self, call: Any, seconds_left: float) -> Answer:
        self._sent += 1

        def send() -> Answer:
            # DynamoDB Local may be slow under this load; the deadline would count as one more fault.
            lock = self._one_at_a_time if call.operation == "TransactWriteItems" else None
            if lock is not None and not lock.acquire(block=False):
                return self._within("conflict", json.loads(call.body), call.body, send)
            try:
                return super(FaultyApi, self)._exchange(call, 20)
            finally:
                if lock is not None:
                    lock.release()

        kind = self._faults.draw(call.operation, call.body) if self._faults is not None else ""
        if not kind:
            answer = send()
        elif kind in _AROUND:
            answer = _AROUND[kind](send)
        else:
            answer = self._within(kind, json.loads(call.body), call.body, send)
        if call.operation != "TransactWriteItems" and b'"ConsistentRead":false' in call.body:
            self._earlier.setdefault(call.body, answer)
        return answer

    def _within(self, kind: str, body: dict[str, Any], coded: bytes, send: Send) -> Answer:
        """Faults that are told in the terms of the request."""
        if kind in ("conflict", "throttled_within"):
            code = "TransactionConflict" if kind == "conflict" else "ThrottlingError"
            reasons = [{"Code": "None"} for _ in body["TransactItems"]]
            reasons[int(self._share() * len(reasons))] = {"Code": code, "Message": "injected"}
            return _error("TransactionCanceledException", CancellationReasons=reasons)
        if kind == "stale_read":
            return self._earlier.get(coded) or _ok({"Responses": {}} if "RequestItems" in body else {})
        answer = send()
        if answer.status != 200:
            return answer
        told = json.loads(answer.body)
        if kind == "stale_index":
            items = told.get("Items", [])
            return _ok({**told, "Items": items[int(self._share() * (len(items) + 1)) :]})
        return _ok(self._leave_unread(body, told))

    def _leave_unread(self, body: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
        ((table, asked),) = body["RequestItems"].items()
        unread = asked["Keys"][int(self._share() * len(asked["Keys"])) :]
        names = {key["pk"]["S"] for key in unread}
        items = [item for item in told["Responses"].get(table, []) if item["pk"]["S"] not in names]
        left = {table: {"Keys": unread, "ConsistentRead": asked["ConsistentRead"]}}
        return {"Responses": {table: items}, "UnprocessedKeys": left}

    def _share(self) -> float:
        return self._faults.share() if self._faults is not None else 0.0


def _refuse(send: Send) -> Answer:
    raise ConnectionRefusedError


def _lose_answer(send: Send) -> Answer:
    send()
    raise TimeoutError


def _fail_after(send: Send) -> Answer:
    send()
    return _server_error(send)


def _server_error(send: Send) -> Answer:
    return _error("InternalServerError", status=500)


def _kill_before(send: Send) -> Answer:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def _kill_after(send: Send) -> Answer:
    send()
    return _kill_before(send)


_AROUND: dict[str, Callable[[Send], Answer]] = {
    "refused": _refuse,
    "answer_lost": _lose_answer,
    "throttled": lambda _: _error("ProvisionedThroughputExceededException"),
    "server_error": _server_error,
    "server_error_after": _fail_after,
    "kill_before": _kill_before,
    "kill_after": _kill_after,
    "in_progress": lambda _: _error("TransactionInProgressException"),
    "conflict_put": lambda _: _error("TransactionConflictException"),
}


def _ok(told: dict[str, Any]) -> Answer:
    return Answer(200, {}, json.dumps(told).encode(), last=False)


def _error(code: str, *, status: int = 400, **more: Any) -> Answer:
    told = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "injected", **more}
    return Answer(status, {}, json.dumps(told).encode(), last=False)
