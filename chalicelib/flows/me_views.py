"""What a person is shown of themselves: every value in clear, where it is from, why and how long it is kept."""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.flows.export_views import ReadBy
from chalicelib.flows.own_risks import OwnGroup, OwnRisk
from chalicelib.flows.views import SegmentView
from chalicelib.kernel.texts import Text
from chalicelib.privacy.links import Action


class Grounds(msgspec.Struct, frozen=True, kw_only=True):
    """Why something is kept: what for, on what legal basis, until when (null: while one is a customer), who gets it."""

    purposes: tuple[str, ...]
    legal_basis: str
    kept_until: str | None
    recipients: tuple[Text, ...]


class MyIdentifier(Grounds, frozen=True, kw_only=True):
    """What somebody is recognised by. ``masked`` where its clear value is not kept any more."""

    namespace: str
    name: Text
    value: str
    masked: bool
    first_seen: str
    last_seen: str

    def __repr__(self) -> str:
        return f"<own {self.namespace}>"


class MyValue(Grounds, frozen=True, kw_only=True):
    """One value. ``source`` told it at ``observed_at``; ``type`` and ``choices`` are what a correction may be."""

    field: str
    name: Text
    value: Any
    class_: str = msgspec.field(name="class")
    source: str
    observed_at: str
    correctable: bool
    type: str
    choices: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<own {self.field}>"


class MyMeasure(msgspec.Struct, frozen=True):
    """How often somebody did something."""

    measure: str
    name: Text
    count: int
    last_at: str


class MyTag(msgspec.Struct, frozen=True):
    """A conclusion: how sure it is (0–1), and the sentences it follows from."""

    tag: str
    name: Text
    meaning: Text
    confidence: float
    since: str
    source: str
    why: tuple[Text, ...]


class MyScore(msgspec.Struct, frozen=True):
    """What a model expects of somebody, how sure it is (0–1), and what moved it up and down. ``label``: the topic told."""

    score: str
    name: Text
    value: float
    confidence: float
    label: str | None
    raised_by: tuple[Text, ...]
    lowered_by: tuple[Text, ...]


class MyConsent(msgspec.Struct, frozen=True):
    """The last word on a purpose; ``granted`` is null before there was one, and then ``assumed`` counts."""

    purpose: str
    granted: bool | None
    assumed: bool
    at: str | None
    channel: str


class MyDecision(msgspec.Struct, frozen=True):
    """Where somebody was sent, and why."""

    decision_id: str
    decided_at: str
    mode: str
    queue: str
    reasons: tuple[Text, ...]


class MeView(msgspec.Struct, frozen=True):
    """All that is held of a person, to the person. ``actions`` are what their link allows, until ``expires_at``."""

    company: str
    profile_id: str
    state: str
    profiled: bool
    first_seen: str
    last_seen: str
    summary: Text
    identifiers: tuple[MyIdentifier, ...]
    held: tuple[MyValue, ...]
    measures: tuple[MyMeasure, ...]
    tags: tuple[MyTag, ...]
    consents: tuple[MyConsent, ...]
    segments: tuple[SegmentView, ...]
    scores: tuple[MyScore, ...]
    risks: tuple[OwnRisk, ...]
    control_group: OwnGroup
    decisions: tuple[MyDecision, ...]
    read_by: tuple[ReadBy, ...]
    actions: tuple[Action, ...]
    expires_at: str
    as_of: str

    def __repr__(self) -> str:
        return f"<view of {self.profile_id}>"
