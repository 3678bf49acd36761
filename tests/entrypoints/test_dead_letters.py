"""The operator's dead letters: counted with codes and without contents, and moved back, by the service or by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.aws.api_errors import ApiError
from infra import logs
from infra.dead_letters import MOST_LOOKED_AT, Queue, Summary, move_back, summary
from infra.failures import Failure
from infra.operator import _parser
from tests.entrypoints.service import Lambdas, unique


class Queues:
    """Moto's queues, which cannot move messages by themselves; ``stop_after`` calls of a kind, the caller is killed."""

    def __init__(self, lambdas: Lambdas) -> None:
        self._call = lambdas.operator.api("sqs").call
        self.queue = Queue("events", self._made(), self._made())
        self.stop_after: dict[str, int] = {}
        self.held: list[str] = []

    def _made(self) -> str:
        return str(self._call("CreateQueue", {"QueueName": unique("q")})["QueueUrl"])

    def __call__(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        if "MessageMoveTask" in operation:
            raise ApiError("InvalidAction", 400, "There is no such call.")
        if operation in self.stop_after:
            self.stop_after[operation] -= 1
            if self.stop_after[operation] < 0:
                raise KeyboardInterrupt
        answer = self._call(operation, body)
        self.held += [one["ReceiptHandle"] for one in answer.get("Messages") or []]
        return answer

    def reappear(self) -> None:
        """What a killed caller held is seen again, as it is after half a minute."""
        for handle in self.held:
            with suppress(ApiError):
                hidden = {"QueueUrl": self.queue.dead_url, "ReceiptHandle": handle, "VisibilityTimeout": 0}
                self._call("ChangeMessageVisibility", hidden)

    def bodies(self) -> list[str]:
        """What is in the queue."""
        asked = {"QueueUrl": self.queue.url, "MaxNumberOfMessages": 10}
        return [one["Body"] for one in self._call("ReceiveMessage", asked)["Messages"]]

    def die(self, *bodies: str) -> list[str]:
        sent = [self._call("SendMessage", {"QueueUrl": self.queue.dead_url, "MessageBody": body}) for body in bodies]
        return [one["MessageId"] for one in sent]

    def count(self, url: str) -> int:
        answer = self._call("GetQueueAttributes", {"QueueUrl": url, "AttributeNames": ["All"]})
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def body(tenant: str = "t_1", sealed: str = "c2VhbGVk") -> str:
    return f'{{"tenant":"{tenant}","sealed":"{sealed}"}}'


def by_hand(queues: Queues) -> int:
    return move_back(queues.queue, queues, lambda _: None, lambda _: None)


@pytest.fixture
def queues(lambdas: Lambdas) -> Queues:
    return Queues(lambdas)


def test_summary__of_dead_letters__counts_codes_and_tenants_and_no_contents(queues: Queues) -> None:
    """The codes are those that ingestion logged last; what a message holds is not told, nor a tenant that is none."""
    first, second, *_ = queues.die(body(), body("t_2"), body("13907551234"), "张三 13907551234")
    asked: list[int] = []

    def codes_of(since: int) -> Mapping[str, str]:
        asked.append(since)
        return {first: "seal_broken", second: "seal_broken", "another": "contended"}

    found = summary(queues.queue, queues, codes_of)
    assert (found.dead, found.looked_at) == (4, 4)
    assert found.codes == {"seal_broken": 2, "not_logged": 2}
    assert found.tenants == {"none of ours": 2, "t_1": 1, "t_2": 1}
    assert "139" not in str(found) and "张三" not in str(found) and "4 dead" in str(found)
    assert asked[0] > 1_700_000_000_000
    assert by_hand(queues) == 4, "what was looked at is let go at once"


def test_summary__nothing_is_dead__says_so_and_asks_no_logs(queues: Queues) -> None:
    """An empty queue is no reason to search the logs."""
    found = summary(queues.queue, queues, lambda _: pytest.fail("asked"))
    assert (found, str(found)) == (Summary(0, 0, "", {}, {}), "0 dead")


def test_summary__of_very_many__looks_at_the_first(queues: Queues, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command ends however much has died."""
    monkeypatch.setattr("infra.dead_letters.MOST_LOOKED_AT", 12)
    queues.die(*[body()] * 25)
    found = summary(queues.queue, queues, lambda _: {})
    assert (found.dead >= 12, found.looked_at) == (True, 12)
    assert MOST_LOOKED_AT == 1_000


def test_move_back__by_hand__all_are_in_the_queue_and_none_is_dead(queues: Queues) -> None:
    """Where the service cannot move them, each is sent before it is deleted."""
    queues.die(*[body(f"t_{number}") for number in range(23)])
    assert by_hand(queues) == 23
    assert (queues.count(queues.queue.url), queues.count(queues.queue.dead_url)) == (23, 0)
    assert by_hand(queues) == 0


@pytest.mark.parametrize("operation", ["SendMessage", "DeleteMessage", "ReceiveMessage"])
def test_move_back__killed_anywhere_and_run_again__nothing_is_lost(queues: Queues, operation: str) -> None:
    """At the worst one message is in the queue twice, and counts once by its events' markers."""
    queues.die(*[body(f"t_{number}") for number in range(5)])
    queues.stop_after = {operation: 0 if operation == "ReceiveMessage" else 2}
    with pytest.raises(KeyboardInterrupt):
        by_hand(queues)
    queues.stop_after = {}
    queues.reappear()
    by_hand(queues)
    assert queues.count(queues.queue.dead_url) == 0
    found = queues.bodies()
    assert (set(found), len(found) in (5, 6)) == ({body(f"t_{number}") for number in range(5)}, True)


class Moving:
    """A service that moves messages by itself; ``tasks`` are its answers to how far it is, the last one for ever."""

    def __init__(self, waiting: int, *tasks: dict[str, Any]) -> None:
        self.waiting, self.tasks, self.started = waiting, list(tasks), 0

    def __call__(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        if operation == "GetQueueAttributes":
            known = {"QueueArn": "arn:dead", "ApproximateNumberOfMessages": str(self.waiting)}
            return {"Attributes": {name: known[name] for name in body["AttributeNames"]}}
        assert body["SourceArn"] == "arn:dead"
        if operation == "StartMessageMoveTask":
            self.started += 1
            return {"TaskHandle": "h"}
        assert operation == "ListMessageMoveTasks"
        task = self.tasks.pop(0) if len(self.tasks) > 1 else self.tasks[0]
        return {"Results": [task] if task else []}


def moved(service: Moving) -> tuple[int, list[str]]:
    said: list[str] = []
    return move_back(Queue("events", "q", "d"), service, said.append, lambda _: None), said


def task(status: str, count: int, **more: str) -> dict[str, Any]:
    return {"Status": status, "ApproximateNumberOfMessagesMoved": count, **more}


def test_move_back__by_the_service__waits_for_its_task_and_says_how_far_it_is() -> None:
    """AWS moves them; the command tells."""
    service = Moving(7, {}, task("RUNNING", 3), task("COMPLETED", 7))
    assert moved(service) == (7, ["events: 3 moved", "events: 7 moved"])
    assert service.started == 1


def test_move_back__its_task_runs_already__is_followed_and_not_started_again() -> None:
    """An interrupted command left it running; a queue has one task at a time."""
    service = Moving(7, task("RUNNING", 1), task("COMPLETED", 9))
    assert (moved(service)[0], service.started) == (9, 0)


def test_move_back__nothing_is_dead__starts_no_task() -> None:
    """A repeat of the command does nothing."""
    service = Moving(0, task("COMPLETED", 7))
    assert (moved(service), service.started) == ((0, []), 0)


def test_move_back__the_task_fails__says_why_and_how_many_were_moved() -> None:
    """The command must not look as if it had done it."""
    service = Moving(7, {}, task("FAILED", 2, FailureReason="CouldNotSendMessage"))
    with pytest.raises(Failure, match="2 were moved, then it failed: CouldNotSendMessage"):
        moved(service)


def test_move_back__the_service_refuses__is_not_tried_by_hand() -> None:
    """Only a service that has no such call is helped out."""

    def refused(operation: str, body: dict[str, Any]) -> dict[str, Any]:
        raise ApiError("AccessDeniedException", 403, "no")

    with pytest.raises(ApiError):
        move_back(Queue("events", "q", "d"), refused, lambda _: None, lambda _: None)


class Logs:
    """CloudWatch's log groups."""

    def __init__(self, groups: Mapping[str, Sequence[tuple[int, str]]]) -> None:
        self.groups = groups

    def get_paginator(self, operation: str) -> Any:
        pages = {"describe_log_groups": self._described, "filter_log_events": self._filtered}[operation]
        return SimpleNamespace(paginate=lambda **asked: [pages(asked)])

    def _described(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        names = [name for name in self.groups if name.startswith(asked["logGroupNamePrefix"])]
        return {"logGroups": [{"logGroupName": name} for name in names]}

    def _filtered(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        lines = self.groups[asked["logGroupName"]]
        fitting = [(at, line) for at, line in lines if at >= asked["startTime"] and asked["filterPattern"] in line]
        return {"events": [{"timestamp": at, "message": line} for at, line in fitting]}


def test_failed_messages__in_the_logs_of_a_stack__the_last_code_of_each() -> None:
    """A message fails five times before it is dead, and not always for one reason."""
    told = '{"message": "message_failed", "message_id": "%s", "code": "%s"}'
    ours = [
        (1, told % ("m1", "too_early")),
        (5, told % ("m1", "contended")),
        (4, told % ("m1", "throttled")),
        (6, told % ("m2", "seal_broken")),
        (7, "a line that names message_failed"),
        (8, '{"message": "other", "note": "message_failed"}'),
    ]
    client = Logs({"/aws/lambda/shop-IngestEvents-1": ours, "/aws/lambda/other-Ingest": [(9, told % ("m3", "x"))]})
    assert logs.failed_messages(client, "shop", 2) == {"m1": "contended", "m2": "seal_broken"}


@pytest.mark.parametrize("words", [["list"], ["replay"], ["replay", "--queue", "events"], ["list", "--json"]])
def test_command__its_words__are_understood(words: list[str]) -> None:
    """What the pages show can be typed."""
    assert _parser().parse_args(["dead-letters", *words]).verb == words[0]
