"""Everything that ships reads only what its purposes allow, and the data map says so of everything that there is."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from chalicelib.events.types import EVENT_TYPES, NAMESPACES
from chalicelib.flows.check_declaration import check_declaration
from chalicelib.flows.effective import POLICY, InForce
from chalicelib.insights.groupings import GROUPINGS, SEGMENTS
from chalicelib.insights.groups import GroupVocabulary
from chalicelib.kernel.errors import ManyMistakes
from chalicelib.privacy import fields
from chalicelib.privacy.permission import CONSENTED, PURPOSES
from chalicelib.privacy.uses import ANYTHING, Use, together, wider
from chalicelib.profiles.measures import load_measures
from chalicelib.profiles.uses import derived_use, fields_of, measure_use
from chalicelib.profiles.values import CASE_KINDS
from chalicelib.routing.policy import shipped_policy
from chalicelib.routing.policy_purposes import policy_purpose_mistakes
from chalicelib.tags.catalogue import load_catalogue
from chalicelib.tags.check import rule_mistakes
from chalicelib.tags.uses import Uses
from chalicelib.tags.vocabulary import Vocabulary

CATALOGUE = load_catalogue()
RULES = {**CATALOGUE.rules, **{rule.id: rule for rule in CATALOGUE.group_rules}}
POLICY_RAW: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(shipped_policy().declared))
SHIPPED = InForce({})


def too_wide(rule: Any, rules: Any = CATALOGUE.rules) -> list[str]:
    measures = CATALOGUE.measures.measures
    known = (
        Vocabulary(measures, scenes=CATALOGUE.stage.scenes.keys())
        if rule.granularity == "person"
        else GroupVocabulary(rules, measures)
    )
    return [one.message for one in rule_mistakes(rule, known) if one.code == "wider_purposes"]


@pytest.mark.parametrize("tag_id", sorted(RULES))
def test_shipped_tag__reads_only_what_each_of_its_purposes_allows(tag_id: str) -> None:
    """Traits, measures, identifiers, cases, and of groups the tags that are counted."""
    assert too_wide(RULES[tag_id]) == []


@pytest.mark.parametrize(("tag_id", "purpose"), [("price_sensitive", "marketing"), ("many_devices", "marketing"),
                                                 ("female", "security"), ("group_quality_first", "marketing")])  # fmt: skip
def test_shipped_tag__with_a_purpose_more__is_caught(tag_id: str, purpose: str) -> None:
    """The negative control: the same lint refuses each kind of path."""
    rule = RULES[tag_id]
    assert too_wide(replace(rule, purposes=(*rule.purposes, purpose)))


def test_shipped_policy__reads_only_what_is_for_service() -> None:
    """Tags, traits, measures and cases; a tag that serves marketing alone is caught, with its place."""
    assert list(policy_purpose_mistakes(POLICY_RAW, Uses(CATALOGUE.measures.uses, RULES))) == []
    rules = {**RULES, "vip": replace(RULES["vip"], purposes=("marketing",))}
    found = list(policy_purpose_mistakes(POLICY_RAW, Uses(CATALOGUE.measures.uses, rules)))
    assert found and {one.code for one in found} == {"not_for_purpose"}
    assert all(one.path.startswith("$.") and "tags.vip" in one.message for one in found)


def test_statistics__group_people_by_what_analytics_may_read() -> None:
    """Each grouping and each segment."""
    grouped = {"region": "t.region", "member_level": "t.member_level", "age_band": "t.age_band"}
    for grouping in GROUPINGS:
        if grouping in grouped:
            use = CATALOGUE.uses.of_path(grouped[grouping])
            assert use is not None and "analytics" in use.purposes
    assert all("analytics" in CATALOGUE.uses.of_rule(CATALOGUE.rules[one]).purposes for one in SEGMENTS)


def test_data_map__says_it_of_everything_that_there_is() -> None:
    """Every type of events, namespace, consent, case, field that a measure reads, and measure."""
    declared = [
        *fields.FIELDS.values(),
        *fields.EVENT_FIELDS.values(),
        *fields.FAMILIES.values(),
        *fields.NAMESPACES.values(),
        *fields.STANDING.values(),
        *fields.REGISTERS.values(),
    ]
    assert all(
        one.purposes and set(one.purposes) <= set(PURPOSES) and one.names.zh and one.names.en for one in declared
    )
    assert all(one.retention_days > 0 for one in declared if one.name not in fields.REGISTERS)
    assert {one.partition(".")[0] for one in EVENT_TYPES} | {"custom"} == fields.FAMILIES.keys()
    assert set(NAMESPACES) == fields.NAMESPACES.keys()
    assert set(CONSENTED) == fields.REGISTERS.keys()
    assert CASE_KINDS.keys() < fields.STANDING.keys()
    for one in load_measures().measures.values():
        assert set(fields_of(one)) <= fields.EVENT_FIELDS.keys(), one.id
        assert "service" in measure_use(one).purposes or "security" in measure_use(one).purposes, one.id


def test_measure_of_personal_text__is_no_wider_than_the_text() -> None:
    """What people wrote to us is not what they are sold by, however it is counted."""
    of_text = [one for one in load_measures().measures.values() if "text" in fields_of(one)]
    assert len(of_text) > 10
    allowed = set(fields.EVENT_FIELDS["text"].purposes) | {"legal"}
    assert all(set(measure_use(one).purposes) <= allowed for one in of_text)
    narrow = replace(load_measures().measures["contacts"], purposes=("service",))
    assert measure_use(narrow).purposes == ("service",) and "marketing" in derived_use(narrow).purposes
    assert wider(("service", "marketing"), measure_use(of_text[0])) == ["marketing"]


def test_together__is_what_all_allow__on_the_weakest_ground__for_the_shortest_time() -> None:
    """And what tells nothing binds nothing."""
    one, other = Use(("service", "marketing"), "contract", 10), Use(("service", "analytics"), "consent", 5)
    assert together([one, other]) == Use(("service", "legal"), "consent", 5)
    assert together([]) == ANYTHING


def refused(kind: Any, id_: str, raw: Any, in_force: InForce = SHIPPED) -> list[tuple[str, str]]:
    with pytest.raises(ManyMistakes) as raised:
        check_declaration(kind, id_, raw, in_force)
    return [(one.code, one.path) for one in raised.value.mistakes]


def test_publishing__what_reads_too_much_or_takes_a_purpose_away__is_refused() -> None:
    """A measure wider than what it counts, and a tag that the policy would then read without leave."""
    measure = {"id": "haggling", "on": ["message.received"], "names": {"zh": "议价", "en": "haggling"},
               "where": {"in": ["便宜", {"??": [{"var": "data.text"}, ""]}]}, "purposes": ["marketing"]}  # fmt: skip
    assert refused("measures", "haggling", measure) == [("wider_purposes", "purposes")]
    check_declaration("measures", "haggling", {**measure, "purposes": ["service"]}, SHIPPED)
    vip = msgspec.json.decode(msgspec.json.encode(RULES["vip"]))
    assert ("in_use", "purposes") in refused("tags", "vip", {**vip, "purposes": ["marketing"]})
    own = SHIPPED.with_entry("tags", "vip", 1, msgspec.json.encode({**vip, "purposes": ["marketing"]}))
    assert "not_for_purpose" in {code for code, _ in refused("policies", POLICY, POLICY_RAW, own)}
