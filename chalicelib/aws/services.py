"""The four services we call and how each is addressed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from chalicelib.aws.item_answers import ANSWERS
from chalicelib.aws.json_api import JsonApi
from chalicelib.aws.retrying import RetryPolicy
from chalicelib.aws.settings import Settings
from chalicelib.aws.signer import CredentialSource


class Service(msgspec.Struct, frozen=True):
    """The ``X-Amz-Target`` prefix and JSON version of a service, and the types of answers that are no plain JSON."""

    target_prefix: str
    json_version: str
    answers: Mapping[str, Any] = {}


SERVICES = {
    "dynamodb": Service("DynamoDB_20120810", "1.0", ANSWERS),
    "kms": Service("TrentService", "1.1"),
    "sqs": Service("AmazonSQS", "1.0"),
    "events": Service("AWSEvents", "1.1"),
}


def open_api(
    service: str,
    settings: Settings,
    credentials: CredentialSource,
    retry: RetryPolicy | None = None,
) -> JsonApi:
    """A client of one of ``SERVICES``; connects at its first call. Raises KeyError for another."""
    known = SERVICES[service]
    return JsonApi(
        service=service,
        target_prefix=known.target_prefix,
        json_version=known.json_version,
        region=settings.region,
        endpoint=settings.endpoints[service],
        credentials=credentials,
        retry=retry,
        answers=known.answers,
    )
