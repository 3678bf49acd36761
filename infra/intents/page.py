"""The table of the figures, and the page on the intent model made from them."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from chalicelib.routing.intent_model import IntentModel
from infra.intents.runs import Run
from infra.package import ROOT

FILE = ROOT / "docs" / "understand" / "intent-model.md"

_HEAD = """# The intent model

Made by `make intents`. A linear model over pieces of text says what a message is about, in Chinese and English, beside the
[word lists](routing.md). [How and why](../decisions/2026-11-22-intent-model.md).

- Pieces: of Chinese every one, two and three characters; of words the word, every two to four of its characters, and two
  and three neighbouring words.
- It is taught with sentences of our own, made of the templates in `infra/intents/material`. Nothing of others is in it.
- Its weights are 8-bit whole numbers; at run time it needs neither numpy nor scikit-learn.
- A message is read among the intents of the policy's trade. Below the threshold the answer is "don't know".
- The decision shows the words that spoke for the intent. They are words of the lists or of the model's vocabulary, so no name or number
  of a person can be among them.

## Splits

- *Kept apart*: one template of five, by a hash of the template, is never taught. A *frame* ("关于…怎么办") belongs to all intents, and is parted
  alike; the words put into frames are taught, so frames are the easier half. *Templates alone* are the harder figure: whole sentences
  whose wording was never seen. The material grew while another salt parted it; the salt was changed before these figures.
- *25 intents*: those of shop, bank and telecom together; the 29 have the IT desk's too, where "the printer is broken" may be `fault` or `hardware`.
- *bitext*: taught with its training part, scored on its validation part. *banking77*: its train part, a tenth kept apart by a hash of the text.
  This figure moves with the split: other splits of the same part gave 0.910 and 0.8933 (a fifth kept apart, without neighbouring threes of words). Five
  folds of the nine tenths, scored with scikit-learn before the weights are cut to bytes, gave 0.8969 with the pieces of `intents-1`, and 0.9013 with these.
- `intents-1` had, on templates alone in Chinese, 0.9496 on the 25 intents and 0.9362 on the 29, and knew 0.51 of presidio's sentences to be out of
  scope (0.3484 now: its threshold was 0.296, so strange English is taken for a topic more often). Pieces and slack of `intents-2`
  were chosen by those folds of banking77, the number of sentences by folds of our own taught templates; what is kept apart was not looked at for it.
- *Out of scope* holds wishes for a person ("转人工"), which the lists read and the model must not take for a topic.
- *bitext as our topics*: the shipped model, never taught with it, on the 20 intents of bitext that are one of our topics.

*Right*: the best intent, whatever its confidence. *Lost*: answered with "don't know". *Wrong*: named, and not it.
"""


def table(runs: Sequence[Run]) -> Iterator[str]:
    """The figures as they are printed."""
    yield f"{'set':52} {'texts':>6} {'n':>4} {'right':>9} {'lost':>7} {'wrong':>7}"
    for run in runs:
        for one in run.scores:
            yield one.line
        for name, found, texts in run.unknown:
            yield f"{name:52} {texts:6,}      recall {found:.4f}"
        at = run.cost
        yield (
            f"  model {run.name}: {at.pieces:,} pieces, {at.file_bytes:,} bytes, loads in {at.load_ms:.1f} ms, "
            f"{at.message_ms:.3f} ms of CPU per message of {at.characters:.0f} characters"
        )


def page(model: IntentModel, runs: Sequence[Run]) -> str:
    """The page in Markdown."""
    own = runs[0]
    made = f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}"
    parts = [_HEAD, f"Measured on {made}; version `{model.weights.version}`.\n", *_figures(runs), *_costs(runs)]
    return "\n".join([*parts, *_curve(own, model), *_reliability(own), *_confused(own), ""])


def _figures(runs: Sequence[Run]) -> Iterator[str]:
    yield "## Figures\n\n| Set | Texts | Intents | Right | Lost | Wrong |\n|---|---|---|---|---|---|"
    for run in runs:
        for one in run.scores:
            yield f"| {one.name} | {one.texts:,} | {one.intents} | {one.right:.4f} | {one.lost:.4f} | {one.wrong:.4f} |"
    yield '\n| Out of scope | Texts | Answered with "don\'t know" |\n|---|---|---|'
    for run in runs:
        for name, found, texts in run.unknown:
            yield f"| {name} | {texts:,} | {found:.4f} |"


def _costs(runs: Sequence[Run]) -> Iterator[str]:
    yield "\n## Cost\n\n| Model | Pieces | File, bytes | Load, ms of CPU | Message, ms of CPU | Characters of a message |\n|---|---|---|---|---|---|"
    for run in runs:
        at = run.cost
        yield f"| {run.name} | {at.pieces:,} | {at.file_bytes:,} | {at.load_ms:.1f} | {at.message_ms:.3f} | {at.characters:.0f} |"


def _curve(own: Run, model: IntentModel) -> Iterator[str]:
    threshold = model.weights.calibration.threshold
    yield f"\n## Threshold\n\nThe threshold is {threshold:.3f}: learned from sentences of templates that the scoring model had not seen (three folds of the"
    yield "taught templates), where it loses 1% of what is in scope. On what was kept apart, both languages:\n"
    yield "| Threshold | Lost in scope | Recall out of scope |\n|---|---|---|"
    for step, lost, found in own.curve:
        yield f"| {step:g} | {lost:.4f} | {found:.4f} |"


def _reliability(own: Run) -> Iterator[str]:
    yield "\n## Confidence\n\nWhat it says against how often it is right, on what was kept apart; what is out of scope is never right.\n"
    yield "| Said | Right | Texts |\n|---|---|---|"
    for said, right, texts in own.reliability:
        yield f"| {said:.2f} | {right:.2f} | {texts:,} |"


def _confused(own: Run) -> Iterator[str]:
    yield "\n## What it confuses\n\n| Language | It was | It said | Times | For example |\n|---|---|---|---|---|"
    for one in own.scores:
        if one.name.endswith("kept apart, 29 intents"):
            for true, said, times, text in one.confused:
                yield f"| {one.name.partition(',')[0]} | {true} | {said} | {times} | {text.replace('|', '/')} |"
