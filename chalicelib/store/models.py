"""The tables as PynamoDB models: the declaration that operators' tools, scheduled jobs and tests use.

The hot path speaks to the same items through ``dynamo_*`` (docs/decisions say why, with figures); a
test reads what one wrote with the other. Not imported by any hot function.
"""

from __future__ import annotations

import os

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

_REGION = os.environ.get("AWS_REGION", os.environ.get("AWS_DEFAULT_REGION", "us-east-1"))
_HOST = os.environ.get("AWS_ENDPOINT_URL_DYNAMODB") or os.environ.get("AWS_ENDPOINT_URL") or None


class ByDue(GlobalSecondaryIndex["ProfileItem"]):  # type: ignore[no-untyped-call]  # PynamoDB leaves it untyped
    """Profiles whose tags time alone may change, by when. Others are not in it."""

    class Meta:
        index_name = "due"
        projection = KeysOnlyProjection()

    due_shard = UnicodeAttribute(hash_key=True)
    due_at = NumberAttribute(range_key=True)


class BySegment(GlobalSecondaryIndex["ProfileItem"]):  # type: ignore[no-untyped-call]  # PynamoDB leaves it untyped
    """Members of learned segments. Who is in none is not in it."""

    class Meta:
        index_name = "by_segment"
        projection = KeysOnlyProjection()

    segment = UnicodeAttribute(hash_key=True)
    pk = UnicodeAttribute(range_key=True)


class ProfileItem(Model):
    """Profiles (``<tenant>#p#<id>``) and identifiers (``<tenant>#i#<namespace>:<index>``)."""

    class Meta:
        table_name = os.environ.get("TABLE_PROFILES", "zhiyin-profiles")
        region = _REGION
        host = _HOST

    pk = UnicodeAttribute(hash_key=True)
    v = NumberAttribute(null=True)
    state = UnicodeAttribute(null=True)
    generation = NumberAttribute(null=True)
    updated_at = NumberAttribute(null=True)
    merged_into = UnicodeAttribute(null=True)
    profile_id = UnicodeAttribute(null=True)
    contenders = BinaryAttribute(null=True, legacy_encoding=False)
    shared = NumberAttribute(null=True)
    erased_at = NumberAttribute(null=True)
    alias_of = UnicodeAttribute(null=True)
    aliased = NumberAttribute(null=True)
    body = BinaryAttribute(null=True, legacy_encoding=False)
    ties = BinaryAttribute(null=True, legacy_encoding=False)
    due_shard = UnicodeAttribute(null=True)
    due_at = NumberAttribute(null=True)
    judged = BinaryAttribute(null=True, legacy_encoding=False)
    outreach = BinaryAttribute(null=True, legacy_encoding=False)
    segment = UnicodeAttribute(null=True)
    due = ByDue()
    by_segment = BySegment()


class ByFacet(GlobalSecondaryIndex["HistoryItem"]):  # type: ignore[no-untyped-call]  # PynamoDB leaves it untyped
    """Events of a facet, decisions of a profile, and the quarantine, by time."""

    class Meta:
        index_name = "by_facet"
        projection = KeysOnlyProjection()

    facet = UnicodeAttribute(hash_key=True)
    at = NumberAttribute(range_key=True)


class HistoryItem(Model):
    """Event rows (``#e#``), decisions (``#d#``), quarantine (``#q#``), claims (``#k#``), records (``#audit#`` …)."""

    class Meta:
        table_name = os.environ.get("TABLE_HISTORY", "zhiyin-history")
        region = _REGION
        host = _HOST

    pk = UnicodeAttribute(hash_key=True)
    facet = UnicodeAttribute(null=True)
    at = NumberAttribute()
    expires_at = NumberAttribute(null=True)
    saved_at = NumberAttribute(null=True)
    v = NumberAttribute(null=True)
    content = BinaryAttribute(null=True, legacy_encoding=False)
    changes = BinaryAttribute(null=True, legacy_encoding=False)
    profile_id = UnicodeAttribute(null=True)
    principal = UnicodeAttribute(null=True)
    code = UnicodeAttribute(null=True)
    path = UnicodeAttribute(null=True)
    source = UnicodeAttribute(null=True)
    kind = UnicodeAttribute(null=True)
    event_key = BinaryAttribute(null=True, legacy_encoding=False)
    replayed_at = NumberAttribute(null=True)
    replayed_by = UnicodeAttribute(null=True)
    inputs = BinaryAttribute(null=True, legacy_encoding=False)
    outcome = BinaryAttribute(null=True, legacy_encoding=False)
    by_facet = ByFacet()


class SecretItem(Model):
    """Per-facet secrets."""

    class Meta:
        table_name = os.environ.get("TABLE_KEYS", "zhiyin-keys")
        region = _REGION
        host = _HOST

    pk = UnicodeAttribute(hash_key=True)
    secret = BinaryAttribute(legacy_encoding=False)
    commitment = BinaryAttribute(legacy_encoding=False)
    key_version = NumberAttribute()
    generation = NumberAttribute()
    branch_version = NumberAttribute(null=True)
    wrapped = BinaryAttribute(null=True, legacy_encoding=False)


class DeskByDue(GlobalSecondaryIndex["DeskItem"]):  # type: ignore[no-untyped-call]  # PynamoDB leaves it untyped
    """Seats, conversations and tickets that somebody must look at, by when. Others are not in it."""

    class Meta:
        index_name = "due"
        projection = KeysOnlyProjection()

    due_shard = UnicodeAttribute(hash_key=True)
    due_at = NumberAttribute(range_key=True)


class DeskByProfile(GlobalSecondaryIndex["DeskItem"]):  # type: ignore[no-untyped-call]  # PynamoDB leaves it untyped
    """Conversations and tickets of a profile, by time."""

    class Meta:
        index_name = "by_profile"
        projection = KeysOnlyProjection()

    whose = UnicodeAttribute(hash_key=True)
    at = NumberAttribute(range_key=True)


class DeskItem(Model):
    """Agents (``<tenant>#agents``), queues (``#queues``), seats (``#s#``), conversations (``#c#``), those that wait
    (``#w#<queue>``), agents' records (``#o#``) and tickets (``#t#``).
    """

    class Meta:
        table_name = os.environ.get("TABLE_DESK", "zhiyin-desk")
        region = _REGION
        host = _HOST

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    v = NumberAttribute(null=True)
    content = BinaryAttribute(null=True, legacy_encoding=False)
    state = UnicodeAttribute(null=True)
    presence = UnicodeAttribute(null=True)
    lease_until = NumberAttribute(null=True)
    units = NumberAttribute(null=True)
    free = NumberAttribute(null=True)
    held = NumberAttribute(null=True)
    holding = UnicodeSetAttribute(null=True)
    idle_since = NumberAttribute(null=True)
    kept_for = NumberAttribute(null=True)
    kept_until = NumberAttribute(null=True)
    expires_at = NumberAttribute(null=True)
    whose = UnicodeAttribute(null=True)
    at = NumberAttribute(null=True)
    due_shard = UnicodeAttribute(null=True)
    due_at = NumberAttribute(null=True)
    due = DeskByDue()
    by_profile = DeskByProfile()


class CatalogueItem(Model):
    """Tenants, sources, credentials, declarations, learned models."""

    class Meta:
        table_name = os.environ.get("TABLE_CATALOGUE", "zhiyin-catalogue")
        region = _REGION
        host = _HOST

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    content = BinaryAttribute(legacy_encoding=False)
