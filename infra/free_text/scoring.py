"""What is found in texts whose personal data is known: per kind, and of all that was said."""

from __future__ import annotations

import gzip
import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from chalicelib.privacy.free_text import find, masked
from infra.free_text.chinese_sentences import CLEAN, JUDGED_BY, TUNED_ON, Sentence, sentences
from infra.package import ROOT
from infra.scores import Counted

PRESIDIO = (
    Path(os.environ.get("ZHIYIN_SHARED_DATA") or ROOT.parent / "shared" / "data")
    / "presidio"
    / "synth_dataset_v2.json.gz"
)
"""1,500 English texts of others with their spans; no part of the product."""
PRESIDIO_KINDS: Mapping[str, str] = {
    "PHONE_NUMBER": "phone",
    "CREDIT_CARD": "bank_card",
    "EMAIL_ADDRESS": "email",
    "US_SSN": "ssn",
    "IBAN_CODE": "iban",
    "PERSON": "name",
    "STREET_ADDRESS": "address",
    "IP_ADDRESS": "ip",
    "US_DRIVER_LICENSE": "license",
}
BOUNDS: Mapping[str, float] = dict.fromkeys(("email", "bank_card", "phone", "ssn", "iban", "id_card", "plate"), 0.97)
"""The least recall that is promised, by kind; names and foreign addresses are reported as they are."""
CHINESE_ADDRESS = 0.85
_KEPT_APART = ("5", "9")
_COVERED = 0.9
_PARTS = ("English, templates", "English, tuned")
_CHARACTERS = 200


class Scored(msgspec.Struct, frozen=True):
    """A set of texts and what was found in it."""

    name: str
    texts: int
    kinds: Mapping[str, Counted]
    all: Counted


def chinese() -> tuple[tuple[str, Sequence[Sentence]], ...]:
    """Our own sentences; the sets share no template."""
    return (
        ("Chinese, templates kept apart", tuple(sentences(JUDGED_BY, 800, 3))),
        ("Chinese, templates tuned on", tuple(sentences(TUNED_ON, 800, 5))),
        ("Chinese, nothing personal", tuple(sentences(CLEAN, 400, 4))),
    )


def of_others() -> tuple[tuple[str, Sequence[Sentence]], ...]:
    """Texts of others, parted as they were while the patterns were tuned. Empty where they are not here."""
    if not PRESIDIO.exists():
        return ()
    parts: dict[bool, list[Sentence]] = {True: [], False: []}
    for text in json.loads(gzip.decompress(PRESIDIO.read_bytes())):
        spans = tuple(
            (PRESIDIO_KINDS[one["entity_type"]], one["start_position"], one["end_position"])
            for one in text["spans"]
            if one["entity_type"] in PRESIDIO_KINDS
        )
        parts[str(text["template_id"]).endswith(_KEPT_APART)].append(Sentence(text["full_text"], spans))
    whole = (*parts[True], *parts[False])
    return ("English, all", whole), ("English, templates kept apart", parts[True]), ("English, tuned on", parts[False])


def score(name: str, texts: Sequence[Sentence], *, whole: bool) -> Scored:
    """Recall per kind, and the precision of all that was found.

    ``whole`` asks that nine tenths of a span were found; without it any overlap counts, as whoever marked the texts
    took titles, line ends and countries in or left them out.
    """
    found, there, said, right = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for text in texts:
        seen = find(text.text)
        for kind, start, end in text.spans:
            there[kind] += 1
            covered = sum(max(0, min(one.end, end) - max(one.start, start)) for one in seen if one.kind == kind)
            found[kind] += covered >= _COVERED * (end - start) if whole else covered > 0
        for one in seen:
            said[one.kind] += 1
            right[one.kind] += any(
                one.kind == kind and one.start < end and one.end > start for kind, start, end in text.spans
            )
    kinds = {kind: Counted(right=found[kind], found=said[kind], true=there[kind]) for kind in sorted(there)}
    # ``found`` and ``right`` of all count finds and not spans: one find may lie over two spans.
    return Scored(name, len(texts), kinds, Counted(right=right.total(), found=said.total(), true=there.total()))


def scores() -> Iterator[Scored]:
    """Every set that is here."""
    for name, texts in chinese():
        yield score(name, texts, whole=True)
    for name, texts in of_others():
        yield score(name, texts, whole=False)


def below(found: Iterable[Scored]) -> list[str]:
    """Promises that are not kept. They speak of the English texts as a whole: a part of them has ten SSN and a dozen phones."""
    broken = []
    for one in (one for one in found if not one.name.startswith(_PARTS)):
        bounds = dict(BOUNDS) | ({"address": CHINESE_ADDRESS} if one.name.startswith("Chinese") else {})
        broken += [
            f"{one.name}: recall of {kind} {counted.recall:.4f} < {bounds.get(kind, 0)}"
            for kind, counted in one.kinds.items()
            if counted.recall < bounds.get(kind, 0)
        ]
        if one.name.startswith("English") and one.all.precision < _COVERED:
            broken.append(f"{one.name}: precision {one.all.precision:.4f} < {_COVERED}")
        if not one.kinds and one.all.found:
            broken.append(f"{one.name}: {one.all.found} found where nothing is")
    return broken


def cpu_ms_per_message(rounds: int = 15) -> float:
    """CPU milliseconds for masking a message of 200 characters, put together of all our sentences.

    The least of some rounds: what else runs on the machine only adds.
    """
    text = "。".join(one.text for _, texts in chinese() for one in texts[:100])
    messages = [text[at : at + _CHARACTERS] for at in range(0, len(text) - _CHARACTERS, _CHARACTERS)]
    return min(_round(messages) for _ in range(rounds)) * 1000 / len(messages)


def _round(messages: Sequence[str]) -> float:
    begun = time.process_time()
    for one in messages:
        masked(one)
    return time.process_time() - begun
