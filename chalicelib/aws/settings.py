"""What a deployment tells its functions, read once from the environment and checked whole."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from chalicelib.kernel.errors import ZhiyinError


class SettingsBroken(ZhiyinError):
    """The deployment's environment is incomplete; the message names every variable at fault."""


class Settings(msgspec.Struct, frozen=True):
    """Names and limits of one deployment. Each field's variable is its name in capitals."""

    table_profiles: str
    table_history: str
    table_keys: str
    table_catalogue: str
    table_desk: str
    queue_events_url: str
    queue_imports_url: str
    queue_catalogue_url: str
    queue_privacy_url: str
    queue_learning_url: str
    queue_learning_training_url: str
    bucket_imports: str
    bus_name: str
    key_index_id: str
    key_branch_id: str
    key_ingest_id: str
    key_receipt_id: str
    region: str
    endpoints: dict[str, str]
    message_limit_bytes: int = 262_144
    key_cache_seconds: int = 300
    """After this a cached tenant key is opened anew, so that a revoked grant is noticed."""
    key_hard_limit_seconds: int = 3_600
    """After this a cached tenant key is not used, even when KMS does not answer."""
    key_cache_entries: int = 1_000
    import_limit_bytes: int = 5_000_000_000
    """A larger file is not imported. S3 takes no more than 5 GB in one upload."""
    import_waiting_messages: int = 1_000
    """An import pauses while more messages than these wait for ingestion, so that live events are not behind it."""
    public_url: str = ""
    """Where people reach the API, before ``/v1``, for the links that are handed to them; '' = as the gateway was asked."""
    reveals_per_hour: int = 60
    """How many calls of a principal may open fields in an hour."""
    sweep_rows_per_run: int = 20_000
    """After a rotation one run of the sweep looks at so many rows of a table, for each tenant and kind of key."""
    learning_sample_people: int = 100_000
    """How many people a run of learning samples."""
    learning_people_per_range: int = 50_000
    """How many people one range of a run holds; there are at most 1,024 ranges."""
    learning_write_units_per_second: int = 1_000
    """What all ranges of a run together may write."""


ENDPOINT_VARIABLES = {
    "dynamodb": "AWS_ENDPOINT_URL_DYNAMODB",
    "kms": "AWS_ENDPOINT_URL_KMS",
    "sqs": "AWS_ENDPOINT_URL_SQS",
    "events": "AWS_ENDPOINT_URL_EVENTBRIDGE",
    "s3": "AWS_ENDPOINT_URL_S3",
}
_NAMES = (
    "table_profiles",
    "table_history",
    "table_keys",
    "table_catalogue",
    "table_desk",
    "queue_events_url",
    "queue_imports_url",
    "queue_catalogue_url",
    "queue_privacy_url",
    "queue_learning_url",
    "queue_learning_training_url",
    "bucket_imports",
    "bus_name",
    "key_index_id",
    "key_branch_id",
    "key_ingest_id",
    "key_receipt_id",
)
_PUBLIC_URL = re.compile(r"https?://[A-Za-z0-9.\[\]:-]{1,255}(/[A-Za-z0-9._~/-]{0,200})?", re.ASCII)
_LIMITS = (
    "message_limit_bytes",
    "key_cache_seconds",
    "key_hard_limit_seconds",
    "key_cache_entries",
    "import_limit_bytes",
    "import_waiting_messages",
    "reveals_per_hour",
    "sweep_rows_per_run",
    "learning_sample_people",
    "learning_people_per_range",
    "learning_write_units_per_second",
)


def load_settings(environ: Mapping[str, str]) -> Settings:
    """The settings of this process. Raises SettingsBroken ``bad_settings`` with all that is wrong."""
    names = {name: environ.get(name.upper(), "") for name in _NAMES}
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or ""
    wrong = [f"{name.upper()} is not set" for name, value in names.items() if not value]
    if not region:
        wrong.append("AWS_REGION is not set")
    limits: dict[str, int] = {}
    for name in _LIMITS:
        text = environ.get(name.upper(), "")
        if text.isascii() and text.isdigit() and int(text) > 0:
            limits[name] = int(text)
        elif text:
            wrong.append(f"{name.upper()} is not a whole number above 0")
    public_url = environ.get("PUBLIC_URL", "")
    if public_url and not _PUBLIC_URL.fullmatch(public_url):
        wrong.append("PUBLIC_URL is no http or https URL without query and fragment")
    if wrong:
        raise SettingsBroken("bad_settings", "; ".join(wrong) + ".")
    known = {"region": region, "endpoints": endpoints(environ, region), "public_url": public_url}
    return msgspec.convert(names | known | limits, Settings)


def endpoints(environ: Mapping[str, str], region: str) -> dict[str, str]:
    """The URL of each service: a set one, or AWS's own for the region (with China's suffix)."""
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return {
        service: environ.get(variable) or environ.get("AWS_ENDPOINT_URL") or f"https://{service}.{region}.{suffix}/"
        for service, variable in ENDPOINT_VARIABLES.items()
    }
