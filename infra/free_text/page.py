"""The page on personal data in free text, made from the scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infra.free_text.scoring import Scored
from infra.package import ROOT

FILE = ROOT / "docs" / "understand" / "free-text.md"

_HEAD = """# Personal data in free text

Made by `make freetext`. [How it is found](../decisions/2026-11-22-free-text.md): patterns of our own, check digits where a number has one, and words
beside a number that has none. What is found is masked before anything is kept.

*Recall* is the share of what is there that is found as its kind: in our Chinese sentences nine tenths of it, in the English texts of others any part of
it. *Precision* is the share of finds that are right. Promised are 0.97 recall of e-mails, phones, bank cards, identity cards, SSN, IBAN and plates, 0.85 of
Chinese addresses, and 0.9 precision in the texts of others. Names and foreign street addresses are told as they are: a name that no word announces is not
found. The patterns were tuned on templates that the sets "kept apart" do not have.

What is promised of English texts is promised of all of them together: the templates kept apart are few (a dozen phones), and two of their phones, written
as no template that was tuned on writes them, are not found.

The Chinese sentences are made up by `infra/free_text/chinese_sentences.py`. The English texts are Presidio's `synth_dataset_v2`
(1,500 texts); they are no part of this repository, and where they are not beside it the command scores the Chinese sentences alone.
"""


def page(found: Sequence[Scored], cpu_ms: float) -> str:
    """The page in Markdown."""
    return "\n".join([_HEAD, *table(found), "", _cost(cpu_ms), ""])


def table(found: Sequence[Scored]) -> Iterator[str]:
    """A row per set and kind, and one for all kinds of a set."""
    yield "| Texts | Kind | There | Found | Recall | Precision |"
    yield "|---|---|---|---|---|---|"
    for one in found:
        for kind, counted in one.kinds.items():
            yield f"| {one.name} | {kind} | {counted.true:,} | {counted.right:,} | {counted.recall:.4f} | |"
        said = f"{one.all.precision:.4f} ({one.all.right:,} of {one.all.found:,})"
        yield f"| {one.name} | all | {one.all.true:,} in {one.texts:,} texts | | | {said} |"


def _cost(cpu_ms: float) -> str:
    return (
        f"Masking a message of 200 characters took {cpu_ms:.2f} ms of CPU on the machine that wrote this page; "
        "at most 0.5 ms is promised."
    )
