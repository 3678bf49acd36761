"""The functions that no request comes to: queues, schedules and the stream. Who serves HTTP does not load them."""

from __future__ import annotations

from chalicelib.entrypoints import (
    queue_catalogue,
    queue_events,
    queue_imports,
    queue_learning,
    queue_privacy,
    queue_training,
    schedule_audit,
    schedule_counts,
    schedule_desk,
    schedule_keys,
    schedule_learning,
    schedule_matches,
    schedule_quality,
    schedule_timers,
    stream_decisions,
)

BLUEPRINTS = (
    queue_catalogue.blueprint,
    queue_events.blueprint,
    queue_imports.blueprint,
    queue_learning.blueprint,
    queue_privacy.blueprint,
    queue_training.blueprint,
    schedule_audit.blueprint,
    schedule_counts.blueprint,
    schedule_desk.blueprint,
    schedule_keys.blueprint,
    schedule_learning.blueprint,
    schedule_matches.blueprint,
    schedule_quality.blueprint,
    schedule_timers.blueprint,
    stream_decisions.blueprint,
)
