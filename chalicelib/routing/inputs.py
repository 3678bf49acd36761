"""What a decision was made from, as it is kept beside it: enough to make the very same decision again.

Facts are the values that the policy may read. Of a message there is what was read from it, and of its words those alone
that stand in the product's own lists and spoke for the intent.
"""

from __future__ import annotations

import zlib
from typing import Any

import msgspec

from chalicelib.desk.keys import conversation_key
from chalicelib.desk.model import Agent, Need, Relaxation, Seat, Track
from chalicelib.kernel.errors import BadInput
from chalicelib.routing.facts import Facts
from chalicelib.routing.model import Redirected, Sla, Waiting
from chalicelib.routing.policy import Policy

_ENCODER = msgspec.msgpack.Encoder()
_PLAIN, _DEFLATED = b"\x00", b"\x01"
_WORTH_DEFLATING_BYTES = 2_048
"""Facts alone are about 1 KB, which takes as long to deflate as all else of this; a desk of agents is worth it."""
_MARK_BYTES = 8
OTHERS = ""
"""Nobody's id."""
_OPENS_TO_BYTES = 1_000_000


class Weighed(msgspec.Struct, frozen=True, array_like=True):
    """The agents among whom one was chosen. Who was not there, or had no room at all, is left out, and of a large desk
    all but ``weighing.MOST_KEPT``, the best among them: who is left out changes no other's score but by the records of all.
    """

    need: Need
    relaxation: Relaxation
    agents: tuple[Agent, ...]
    seats: dict[str, Seat]
    tracks: dict[str, dict[str, Track]]
    """Of this intent and of all; under ``OTHERS`` the sum of those who are left out, for who has no record is judged
    by everybody's.
    """
    declined: tuple[str, ...] = ()
    overflow: tuple[str, ...] = ()
    timezone: str = "UTC"
    language: str = ""
    reservation_id: str = ""
    waiting: Waiting | None = None
    redirected: Redirected | None = None
    sla: Sla | None = None


class Inputs(msgspec.Struct, frozen=True, array_like=True):
    """What a decision was made from. ``policy_number`` is of the tenant's own versions; 0 is what was shipped.

    Not ``profiled``: of somebody who opted out, of whom nothing is among the facts.
    """

    policy_id: str
    policy_version: str
    policy_number: int
    policy_mark: bytes
    profiled: bool
    facts: dict[str, Any]
    weighed: Weighed | None = None
    conversation: bytes = b""
    """A hash of the caller's own id of it: who asks twice within one conversation makes one contact."""


_DECODER = msgspec.msgpack.Decoder(Inputs)


def conversation_mark(tenant_id: str, conversation_id: str | None) -> bytes:
    """What tells a conversation from others, and nobody what its id was."""
    if not conversation_id:
        return b""
    return bytes.fromhex(conversation_key(tenant_id, conversation_id))[:_MARK_BYTES]


def kept_inputs(
    policy: Policy, facts: Facts, profiled: bool, weighed: Weighed | None = None, conversation: bytes = b""
) -> bytes:
    """The bytes to keep. Every route makes them."""
    declared = policy.declared
    packed = _ENCODER.encode(
        Inputs(declared.id, declared.version, policy.number, policy.mark, profiled, facts, weighed, conversation)
    )
    if len(packed) <= _WORTH_DEFLATING_BYTES:
        return _PLAIN + packed
    return _DEFLATED + zlib.compress(packed, 1)


def read_inputs(kept: bytes) -> Inputs:
    """What ``kept_inputs`` wrote. Raises BadInput ``bad_inputs`` for anything else."""
    try:
        if kept[:1] == _PLAIN:
            return _DECODER.decode(kept[1:])
        return _DECODER.decode(zlib.decompressobj().decompress(kept[1:], _OPENS_TO_BYTES))
    except (zlib.error, msgspec.MsgspecError) as error:
        raise BadInput("bad_inputs", "What this decision was made from cannot be read.") from error
