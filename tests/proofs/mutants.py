"""The store with one of its promises broken: what the proof must notice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from chalicelib.store.dynamo_profiles import DynamoProfiles


def _unconditional(action: dict[str, Any]) -> dict[str, Any]:
    """A put that happens whatever is there."""
    put = action["Put"]
    return {"Put": {"TableName": put["TableName"], "Item": put["Item"]}}


class WithoutMarker(DynamoProfiles):
    """Does not notice that an event was counted."""

    def _event_action(self, row):
        return _unconditional(super()._event_action(row))


class WithoutVersion(DynamoProfiles):
    """Writes over whatever profile is there."""

    def _profile_action(self, row, replaces):
        return _unconditional(super()._profile_action(row, replaces))


class WithoutTurn(DynamoProfiles):
    """Does not notice that an identifier moved, nor that what it decided by did."""

    def _identifier_action(self, tenant, one):
        return _unconditional(super()._identifier_action(tenant, one))

    def save(self, change):
        return super().save(replace(change, checks=(), unmoved=()))


MUTANTS: Mapping[str, type[DynamoProfiles]] = {
    "no marker": WithoutMarker,
    "no version": WithoutVersion,
    "no turn": WithoutTurn,
}
