"""Every place where the functions leave something behind, for those who look for what must not be there."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from chalicelib.aws.json_api import JsonApi
from infra import emulator
from tests.canaries import unpacked
from tests.entrypoints.service import Answer, Lambdas

_KEPT = frozenset({"SendMessage", "SendMessageBatch", "PutEvents", "Encrypt", "Decrypt", "GenerateDataKey"})
"""Calls whose body is kept or read by others: what stands in a queue, on the bus, or in KMS's own trail."""
_NOT_OURS = ("werkzeug", "moto", "botocore", "hypothesis", "function-")
"""Loggers of the tests' own tools, and the functions' Logger: what that really writes is taken from standard output."""


class Sinks:
    """Listens from when it is made: answers, log lines, metrics, what escaped, what was sent to AWS; and what is at rest."""

    def __init__(
        self, lambdas: Lambdas, patch: pytest.MonkeyPatch, log: Callable[[], str], caplog: pytest.LogCaptureFixture
    ) -> None:
        self._lambdas, self._log, self._caplog = lambdas, log, caplog
        self._heard: dict[str, dict[bytes, None]] = {}
        caplog.set_level(logging.DEBUG)
        real_attempt, real_http = JsonApi._attempt, Lambdas.http

        def attempt(api: JsonApi, call: Any, seconds_left: float) -> dict[str, Any]:
            if call.operation in _KEPT:
                self.hear({"sqs": "queue", "events": "bus", "kms": "kms"}[api.service], call.body)
                for content in unpacked(json.loads(call.body)):
                    self.hear({"sqs": "queue", "events": "bus", "kms": "kms"}[api.service], content)
            return real_attempt(api, call, seconds_left)

        def http(asked: Lambdas, *arguments: Any, **more: Any) -> Answer:
            answer = real_http(asked, *arguments, **more)
            told_of_imports = answer.status == 400 and arguments[1].partition("?")[0] == "/v1/imports"
            self.hear("imports answer" if told_of_imports else "answer", answer.body)
            self.hear("header", str(answer.headers).encode())
            return answer

        patch.setattr(JsonApi, "_attempt", attempt)
        patch.setattr(Lambdas, "http", http)

    def hear(self, sink: str, content: bytes) -> None:
        """Something that was left behind."""
        self._heard.setdefault(sink, {})[content] = None

    def invoke(self, function: Callable[[], Any]) -> Any:
        """Call a function as Lambda does: what escapes is written to its log, and it is delivered again."""
        try:
            return function()
        except Exception as error:  # noqa: BLE001 - the runtime
            frames = traceback.extract_tb(error.__traceback__)
            # The tests' own tools use our clients too, to look into queues: what fails there is in no function.
            if any("/chalicelib/entrypoints/" in frame.filename for frame in frames):
                self.hear("runtime's log", "".join(traceback.format_exception(error)).encode())
            return None

    def all(self, *, at_rest: bool = True) -> Mapping[str, bytes]:
        """All that was left behind since it was made, and all that is at rest."""
        for line in self._log().splitlines():
            self.hear("metric" if '"_aws"' in line else "log", line.encode())
        for record in self._caplog.records:
            if not record.name.startswith(_NOT_OURS):
                self.hear("log", logging.Formatter().format(record).encode())
        if at_rest:
            self._look()
        return {sink: b"\n".join(contents) for sink, contents in self._heard.items()}

    def _look(self) -> None:
        operator = self._lambdas.operator
        names = operator.settings
        for table in (names.table_profiles, names.table_history, names.table_keys, names.table_catalogue):
            for item in _scan(operator.api("dynamodb").call, table):
                for content in unpacked(item):
                    self.hear(f"table {table.partition('-')[2] or table}", content)
        client = emulator.client("s3", int(operator.environ["AWS_ENDPOINT_URL"].rpartition(":")[2]))
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=operator.environ["BUCKET_IMPORTS"]):
            for one in page.get("Contents", []):
                self.hear("bucket", one["Key"].encode())
                self.hear("bucket", client.get_object(Bucket=page["Name"], Key=one["Key"])["Body"].read())


def _scan(call: Callable[..., dict[str, Any]], table: str) -> list[Any]:
    items, asked = [], {"TableName": table}
    while True:
        page = call("Scan", asked)
        items += page["Items"]
        if not page.get("LastEvaluatedKey"):
            return items
        asked = {"TableName": table, "ExclusiveStartKey": page["LastEvaluatedKey"]}
