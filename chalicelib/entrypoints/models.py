"""Learned models for those who judge by them: a part of ``compose`` of its own."""

from __future__ import annotations

import time
from functools import cache

from chalicelib.entrypoints.compose import api, in_force, settings
from chalicelib.flows.models import Models
from chalicelib.flows.models_in_force import ModelsInForce
from chalicelib.segments.segmentation import Segmentations
from chalicelib.store.learned import DynamoLearned


@cache
def learned() -> DynamoLearned:
    """Versions of learned models, and which are in force."""
    return DynamoLearned(api("dynamodb").call, settings().table_catalogue)


@cache
def models_in_force() -> ModelsInForce:
    """The models of each tenant: not older than a minute, and no read per event."""
    return ModelsInForce(learned, time.monotonic, segmentations)


def segmentations(tenant_id: str) -> Segmentations:
    """A tenant's segmentations that are in force. Raises Unavailable when they cannot be had."""
    return in_force()(tenant_id).segmentations


def models(tenant_id: str) -> Models:
    """A tenant's models that are in force. Raises Unavailable when they cannot be had."""
    return models_in_force()(tenant_id)
