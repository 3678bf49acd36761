"""Where a secret might have leaked on the local cloud: every place to look for its spellings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Self

from infra.demo.commands import ROOT
from tests.canaries import unpacked
from tests.journeys.live import Live


def tables(live: Live) -> Iterator[tuple[str, bytes]]:
    """Every item of every DynamoDB table."""
    dynamo = live.aws("dynamodb")
    for page in dynamo.get_paginator("list_tables").paginate():
        for name in page["TableNames"]:
            for items in dynamo.get_paginator("scan").paginate(TableName=name):
                for item in items["Items"]:
                    for content in unpacked(item):
                        yield f"table {name}", content


def queues(live: Live) -> Iterator[tuple[str, bytes]]:
    """What stands in every queue, dead letters included; messages become visible again at once."""
    sqs = live.aws("sqs")
    for url in sqs.list_queues().get("QueueUrls", []):
        for _ in range(20):
            messages = sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0, MessageAttributeNames=["All"]
            ).get("Messages", [])
            if not messages:
                break
            for message in messages:
                yield f"queue {url.rpartition('/')[2]}", json.dumps(message, ensure_ascii=False, default=str).encode()


def uploads(live: Live) -> Iterator[tuple[str, bytes]]:
    """Every object that was uploaded for an import and is still there."""
    bucket, client = live.cloud.outputs["ImportsBucketName"], live.aws("s3")
    for one in client.list_objects_v2(Bucket=bucket).get("Contents", []):
        yield f"upload {one['Key']}", client.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()


def logs(live: Live) -> Iterator[tuple[str, bytes]]:
    """Every line of the Lambdas' logs, metrics in their embedded format included, and the local cloud's own files."""
    client = live.aws("logs")
    for page in client.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            for events in client.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
                for event in events["events"]:
                    yield f"log {group['logGroupName']}", event["message"].encode()
    for file in (ROOT / ".local").glob("*.log"):
        yield f"file {file.name}", file.read_bytes()


def metrics(live: Live) -> Iterator[tuple[str, bytes]]:
    """Names and dimensions of every metric."""
    for page in live.aws("cloudwatch").get_paginator("list_metrics").paginate():
        for metric in page["Metrics"]:
            yield "metric", json.dumps(metric, ensure_ascii=False).encode()


class BusTap:
    """A queue that hears every event of every custom bus while it is open. Use as a context manager."""

    def __init__(self, live: Live, name: str) -> None:
        self._sqs = live.aws("sqs")
        self._events = live.aws("events")
        self._name = name
        self._buses: list[str] = []
        self._url = ""

    def __enter__(self) -> Self:
        self._url = self._sqs.create_queue(QueueName=self._name)["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        for bus in self._events.list_event_buses()["EventBuses"]:
            pattern = json.dumps({"source": [{"prefix": ""}]})
            self._events.put_rule(Name=self._name, EventBusName=bus["Name"], EventPattern=pattern)
            self._events.put_targets(Rule=self._name, EventBusName=bus["Name"], Targets=[{"Id": "tap", "Arn": arn}])
            self._buses.append(bus["Name"])
        return self

    def __exit__(self, *_: object) -> None:
        for bus in self._buses:
            self._events.remove_targets(Rule=self._name, EventBusName=bus, Ids=["tap"])
            self._events.delete_rule(Name=self._name, EventBusName=bus)
        self._sqs.delete_queue(QueueUrl=self._url)

    def heard(self) -> list[bytes]:
        """The events since it was opened."""
        found: list[bytes] = []
        while messages := self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                found.append(message["Body"].encode())
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return found
