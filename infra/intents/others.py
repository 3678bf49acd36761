"""Texts of others with their intents, for scoring alone: nothing of them gets into the product.

They are read from a folder beside the checkout (or ``ZHIYIN_SHARED_DATA``), and missing where that is missing.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping

from chalicelib.routing.intent_model import OUT_OF_SCOPE
from chalicelib.training.intents.learn import Example
from infra.matches.material import FOLDER

SPLIT = "zhiyin intents"
_TEST_OF_256 = 26
_MOST = 2_000
AS_TOPICS: Mapping[str, str] = {
    "track_order": "logistics",
    "delivery_options": "logistics",
    "delivery_period": "logistics",
    "change_shipping_address": "logistics",
    "set_up_shipping_address": "logistics",
    "check_refund_policy": "refund",
    "get_refund": "refund",
    "track_refund": "refund",
    "check_invoice": "invoice",
    "get_invoice": "invoice",
    "payment_issue": "payment",
    "check_payment_methods": "payment",
    "check_cancellation_fee": "fee",
    "complaint": "complaint",
    "create_account": "account",
    "delete_account": "account",
    "edit_account": "account",
    "switch_account": "account",
    "recover_password": "account",
    "registration_problems": "account",
}
"""Bitext's intents that are one of our topics; the others are none of them, or could be two."""


def here() -> bool:
    """Whether the texts of others are here."""
    return (FOLDER / "bitext").is_dir()


def bitext(part: str) -> list[Example]:
    """Utterances of an online shop with 27 intents: ``Training`` or ``Validation``, as their makers parted them."""
    path = FOLDER / "bitext" / f"Bitext_Sample_Customer_Service_{part}_Dataset.csv.gz"
    return [Example(row["utterance"], row["intent"], row["utterance"]) for row in _rows(path.name, "bitext")]


def banking77(*, test: bool) -> list[Example]:
    """Utterances of a bank's app with 77 intents: a tenth of its train part, by a hash of the text, is our test."""
    rows = _rows("train.csv.gz", "banking77")
    return [Example(row["text"], row["category"], row["text"]) for row in rows if _is_test(row["text"]) == test]


def crosswoz() -> list[Example]:
    """What people ask of a guide to restaurants, hotels and sights, in Chinese: nothing that we know."""
    raw = zipfile.ZipFile(FOLDER / "crosswoz" / "val.json.zip").read("val.json")
    asked = (turn["content"] for one in json.loads(raw).values() for turn in one["messages"] if turn["role"] == "usr")
    return [Example(text, OUT_OF_SCOPE, text) for text in sorted(set(asked))[:_MOST]]


def presidio() -> list[Example]:
    """Sentences of no trade with invented people in them, in English."""
    texts = json.loads(gzip.decompress((FOLDER / "presidio" / "synth_dataset_v2.json.gz").read_bytes()))
    return [Example(text, OUT_OF_SCOPE, text) for text in sorted({one["full_text"] for one in texts})]


def as_out_of_scope(examples: list[Example]) -> list[Example]:
    """Texts of another trade, which a model that was not taught that trade should not know."""
    return [Example(one.text, OUT_OF_SCOPE, one.text) for one in examples]


def _rows(name: str, folder: str) -> Iterator[dict[str, str]]:
    raw = gzip.decompress((FOLDER / folder / name).read_bytes()).decode()
    yield from csv.DictReader(io.StringIO(raw))


def _is_test(text: str) -> bool:
    return hashlib.sha256(f"{SPLIT} {text}".encode()).digest()[0] < _TEST_OF_256
