"""Makes a decision again from what was stored with it, by the policy that was in force then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from chalicelib.flows.answer_route import decision_of
from chalicelib.flows.decision_views import ReplayView
from chalicelib.flows.effective import POLICY
from chalicelib.kernel.errors import Conflict
from chalicelib.routing.checked_policy import PolicyRefused, load_policy
from chalicelib.routing.inputs import Inputs, read_inputs
from chalicelib.routing.policy import Policy, shipped_policy
from chalicelib.routing.weighing import made_again
from chalicelib.store.declarations import DeclarationStore
from chalicelib.store.rows import DecisionRow, HistoryStore

TRAITS = "t"
"""What facts call the person's traits."""


class ReplayServices(msgspec.Struct, frozen=True):
    """What making a decision again needs: the decisions, the versions of policies, and those that are shipped."""

    history: HistoryStore
    declarations: DeclarationStore
    shipped: Callable[[str], Policy] = shipped_policy


def recompute_decision(tenant_id: str, decision_id: str, services: ReplayServices) -> ReplayView:
    """The decision as stored and as made again, and what differs.

    Raises NotFound; Conflict ``inputs_not_kept`` for one of before inputs were kept, ``policy_not_kept`` where the
    shipped policy of then is no longer in the product.
    """
    row = decision_of(tenant_id, decision_id, services.history)
    if not row.inputs:
        raise Conflict("inputs_not_kept", "This decision was made before its inputs were kept.")
    inputs = read_inputs(row.inputs)
    again = recomputed(row, inputs, policy_of(tenant_id, inputs, services))
    stored = msgspec.json.decode(row.content)
    differs = tuple(name for name in sorted({*stored, *again}) if stored.get(name) != again.get(name))
    return ReplayView(
        decision_id=decision_id,
        profile_id=stored["profile_id"],
        equal=not differs,
        differs=differs,
        policy=f"{inputs.policy_id}/{inputs.policy_version}",
        policy_number=inputs.policy_number,
        inputs=inputs.facts,
        agents=0 if inputs.weighed is None else len(inputs.weighed.agents),
        recomputed=again,
    )


def shown_of(view: ReplayView) -> Mapping[str, Any]:
    """What a replay shows of the person, by the names that the audit knows: what could be read, not only what decided."""
    inputs = view.inputs
    traits = [name for name, value in inputs.get(TRAITS, {}).items() if value is not None]
    return {"answer": view, "traits": traits, "values": sorted(inputs.keys() - {TRAITS})}


def recomputed(row: DecisionRow, inputs: Inputs, policy: Policy) -> dict[str, Any]:
    """The decision as it would be answered, made from a row's inputs."""
    again = made_again(policy, inputs, row.profile_id or None, decision_id=row.decision_id, now=row.at)
    decoded: Mapping[str, Any] = msgspec.json.decode(msgspec.json.encode(again))
    return dict(decoded)


def policy_of(tenant_id: str, inputs: Inputs, services: ReplayServices) -> Policy:
    """The policy that these inputs were judged by. Raises Conflict ``policy_not_kept``."""
    found = _declared(tenant_id, inputs, services) if inputs.policy_number else _shipped(inputs, services)
    if found is None or found.mark != inputs.policy_mark:
        raise Conflict("policy_not_kept", "The policy that this decision was made by is not kept any more.")
    return msgspec.structs.replace(found, number=inputs.policy_number)


def _declared(tenant_id: str, inputs: Inputs, services: ReplayServices) -> Policy | None:
    version = services.declarations.version(tenant_id, "policies", POLICY, inputs.policy_number)
    if version is None or not version.body:
        return None
    try:
        return load_policy(msgspec.json.decode(version.body))
    except PolicyRefused:
        return None


def _shipped(inputs: Inputs, services: ReplayServices) -> Policy | None:
    try:
        return services.shipped(inputs.policy_id)
    except FileNotFoundError:
        return None
