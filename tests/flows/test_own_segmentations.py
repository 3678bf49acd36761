"""A tenant's own segmentations from the draft to people: learned and judged by as declared, and never by what they were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from functools import partial
from typing import Any

import msgspec
import pytest

from chalicelib.flows import read_models
from chalicelib.flows.catalogue_services import CatalogueServices, Order, Published
from chalicelib.flows.describe_models import list_models, list_segments
from chalicelib.flows.draft_declaration import draft_declaration
from chalicelib.flows.effective import InForceCatalogues
from chalicelib.flows.judge_anew import judge_anew
from chalicelib.flows.open_learning import RollBackOrder, RunOrder, open_run, roll_back
from chalicelib.flows.publish_declaration import publish_declaration, roll_back_declaration
from chalicelib.kernel.errors import BadInput, ManyMistakes
from chalicelib.kernel.moments import DAY_MS
from chalicelib.segments.trained import Trained
from chalicelib.store.memory_declarations import MemoryDeclarations
from chalicelib.training import served
from chalicelib.training.segments.fits import Limits
from tests.flows.learning_world import Learning, by_orders
from tests.flows.world import TENANT_ID


def kind(id_: str, zh: str, en: str, **signs: float) -> dict[str, Any]:
    return {"id": id_, "names": {"zh": zh, "en": en}, "says": {"zh": f"{zh}的人", "en": f"{en} people"}, "signs": signs}


OURS: dict[str, Any] = {
    "names": {"zh": "我们的客群", "en": "Our kinds"},
    "says": {"zh": "按购买与投诉分三类。", "en": "Three kinds by what they buy and complain of."},
    "k": [3, 3],
    "features": ["orders_90d", "spend_90d", "contacts_90d", "complaints_180d"],
    "kinds": [
        kind("fans", "铁粉", "Fans", orders_90d=1.0, spend_90d=1.0),
        kind("worried", "焦虑", "Worried", contacts_90d=1.0, complaints_180d=1.5),
        kind("quiet", "安静", "Quiet", orders_90d=-1.0, contacts_90d=-1.0, complaints_180d=-0.5),
    ],
}
RULES: dict[str, Any] = {
    "names": {"zh": "买过没有", "en": "Bought or not"},
    "says": {"zh": "按是否下单。", "en": "By whether they ordered."},
    "by": "rule",
    "kinds": [
        {**kind("buyers", "买家", "Buyers"), "when": [[{"feature": "orders_90d", "op": ">=", "value": 1}]]},
        {**kind("others", "其他", "Others"), "when": [[]]},
    ],
}
for _one in RULES["kinds"]:
    del _one["signs"]


class Town:
    """A tenant that declares and learns, in memory."""

    def __init__(self, people: int = 120) -> None:
        self.world = Learning(people)
        self.store = MemoryDeclarations(self.world.history)
        self.in_force = InForceCatalogues(lambda: self.store, lambda: 0.0)
        self.made = 0

    def services(self) -> CatalogueServices:
        fresh, forget = self.in_force.fresh, self.in_force.forget
        return CatalogueServices(self.store, self.world.history, fresh, forget, self.told)

    def told(self, published: Published) -> None:
        """What the function that publishes does: all containers know it within a minute, and a run is opened."""
        self.world.declared = self.in_force.fresh(TENANT_ID).segmentations
        if published.kind == "segmentations":
            judge_anew(published, self.store, self.world.learned, self.world.services().door, 0, self.world.now)

    def order(self, id_: str, kind_: Any = "segmentations") -> Order:
        self.made += 1
        return Order(f"c_{self.made}", TENANT_ID, kind_, id_, "anna")

    def declare(self, id_: str, raw: Any, kind_: Any = "segmentations") -> Published:
        draft_declaration(self.order(id_, kind_), raw, self.services(), self.world.now)
        return publish_declaration(self.order(id_, kind_), "", self.services(), self.world.now)

    def run(self, job_id: str) -> None:
        self.world.now += DAY_MS
        assert self.world.run(job_id).phase == "finished"

    def groups(self) -> list[Counter[str]]:
        """In which segment of ``customers`` those who buy, those who complain and all others are."""
        rows = sorted(self.world.profiles.rows.items())
        return [Counter(row.segment for _, row in rows[place::3]) for place in range(3)]

    def moved(self) -> Counter[tuple[str, str]]:
        found = Counter((one.type, str(one.detail.get("segmentation"))) for one in self.world.published)
        self.world.published.clear()
        return found

    def state(self, number: int = 1) -> str:
        model = next(one for one in self.models() if one.id == "customers")
        return next(one.state for one in model.versions if one.version == number)

    def models(self) -> Sequence[Any]:
        return list_models(TENANT_ID, self.world.models(), self.world.learned, self.world.jobs).models


def refused_with(town: Town, id_: str, raw: Any, kind_: Any = "segmentations") -> Sequence[BadInput]:
    with pytest.raises(ManyMistakes) as caught:
        town.declare(id_, raw, kind_)
    return caught.value.mistakes


def refused(town: Town, id_: str, raw: Any, kind_: Any = "segmentations") -> set[tuple[str, str]]:
    return {(one.path, one.code) for one in refused_with(town, id_, raw, kind_)}


def changed(**fields: Any) -> dict[str, Any]:
    return deepcopy(OURS) | fields


def test_declared__three_kinds_of_ones_own__are_learned_named_told_and_counted() -> None:
    """From the draft to people: a run by the real trainer puts every third of them under the name that they deserve."""
    town = Town()
    town.world.segments = partial(served.segments, limits=Limits(starts=2))
    assert town.declare("customers", OURS).number == 1
    town.run("run_1")
    assert town.groups() == [{"customers.fans": 40}, {"customers.worried": 40}, {"customers.quiet": 40}]
    assert town.moved()["segment.entered", "customers"] == 120
    view = list_segments(TENANT_ID, town.world.models(), town.world.learned)
    ours = {one.id: (one.name.zh, one.name.en, one.size) for one in view.segments if one.segmentation == "customers"}
    assert ours == {
        "customers.fans": ("铁粉", "Fans", 40),
        "customers.worried": ("焦虑", "Worried", 40),
        "customers.quiet": ("安静", "Quiet", 40),
    }


def test_declared__beside_those_that_ship__is_one_more() -> None:
    """An id of one's own takes nobody's place: people are in all of them, and one by rule needs nothing learned."""
    town = Town(30)
    town.declare("ours", OURS)
    town.declare("bought", RULES)
    town.run("run_1")
    counts = town.world.learned.sizes(TENANT_ID)
    assert counts is not None
    found = {name.partition(".")[0] for name in counts.counts}
    assert {"customers", "stages", "ours", "bought"} <= found
    assert (counts.counts["bought.buyers"], counts.counts["bought.others"]) == (10, 20)


def test_changed__while_a_model_of_the_old_is_in_force__that_one_is_not_used() -> None:
    """Other kinds: nobody is called by the old names any more, all hear of it, and the version says why it stands idle."""
    town = Town()
    town.run("run_1")
    assert town.groups()[0] == {"customers.value": 40} and town.state() == "in_force"
    town.moved()
    published = town.declare("customers", OURS)
    assert "customers" not in town.world.models().segments and town.state() == "outdated"
    assert not [
        one
        for one in list_segments(TENANT_ID, town.world.models(), town.world.learned).segments
        if one.segmentation == "customers"
    ]
    town.world.drain()
    assert town.world.job(f"declared_{published.version}").phase == "finished"
    assert town.groups() == [{"": 40}] * 3 and town.moved() == {("segment.left", "customers"): 120}
    town.run("run_2")
    assert town.groups()[0] == {"customers.worried": 40} and (town.state(1), town.state(2)) == ("trained", "in_force")


def test_changed__were_models_not_held_against_it__people_would_keep_names_that_are_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Negative control: without the look at what a model was learned by, buyers stay “value”, which nobody declares."""
    monkeypatch.setattr(read_models, "fits", lambda *_: True)
    town = Town(30)
    town.run("run_1")
    town.declare("customers", OURS)
    town.world.drain()
    assert town.groups()[0] == {"customers.value": 10}


def test_changed__in_words_alone__keeps_the_model_and_judges_nobody_anew() -> None:
    """Another name, text or purpose: the model is in force on, and no run goes through everybody for it."""
    town = Town(30)
    town.declare("customers", OURS)
    town.run("run_1")
    before = town.groups()
    kinds = [{**one, "names": {"zh": "新名", "en": "New"}} for one in OURS["kinds"]]
    published = town.declare("customers", changed(kinds=kinds, purposes=["service", "marketing"]))
    assert town.world.jobs.load(TENANT_ID, f"declared_{published.version}") is None and not town.world.queue
    assert "customers" in town.world.models().segments and town.groups() == before
    view = list_segments(TENANT_ID, town.world.models(), town.world.learned)
    assert {one.name.en for one in view.segments if one.segmentation == "customers"} == {"New"}


@pytest.mark.parametrize(
    "fields",
    [
        {"k": [2, 3]},
        {"features": ["orders_90d", "spend_90d", "contacts_90d", "complaints_180d", "sessions_30d"]},
        {"whom": [[{"feature": "tenure_days", "op": ">=", "value": 1}]]},
        {"kinds": [OURS["kinds"][0], OURS["kinds"][1], kind("calm", "平静", "Calm", orders_90d=-1.0)]},
    ],
)
def test_changed__in_what_a_model_depends_on__takes_it_out(fields: dict[str, Any]) -> None:
    """Another number of groups, feature, circle of people or kind: each alone is another thing to learn."""
    town = Town(30)
    town.declare("customers", OURS)
    town.run("run_1")
    assert "customers" in town.world.models().segments
    town.declare("customers", changed(**fields))
    assert "customers" not in town.world.models().segments
    town.world.now += 1
    roll_back_declaration(town.order("customers"), 1, town.services(), town.world.now)
    assert "customers" in town.world.models().segments, "declared again as it was learned, it fits again"


def test_trained__after_another_declaration__knows_no_names_before() -> None:
    """The trainer is given the model before only while it means the same: else a change of kinds were held as a renaming."""
    town, given = Town(30), list[bool]()

    def seen(rows: Any, spec: Any, before: Any, seed: int) -> Trained:
        if spec.id == "customers":
            given.append(before is not None)
        return by_orders(rows, spec, before, seed)

    town.world.segments = seen
    town.run("run_1")
    town.run("run_2")
    town.declare("customers", OURS)
    town.run("run_3")
    assert given == [False, True, False]


def test_declared__while_a_run_learns__is_not_judged_by_what_that_run_learned() -> None:
    """What was learned by the declaration before is published by the run, and used by nobody."""
    town = Town(30)
    open_run(RunOrder(TENANT_ID, "run_1", "t_admin"), town.world.services().door, town.world.now)
    while not town.world.learned.head(TENANT_ID).models:
        town.world.drain_once()
    town.declare("customers", OURS)
    town.world.drain()
    assert town.groups() == [{"": 10}] * 3 and town.state() == "outdated"


def test_withdrawn__shipped_or_own__nobody_is_in_it() -> None:
    """Taken away, it holds nobody; what there was of its model can still be looked at."""
    town = Town(30)
    town.declare("bought", RULES)
    town.run("run_1")
    for id_ in ("customers", "bought"):
        town.declare(id_, {"withdrawn": True})
    town.world.drain()
    assert town.groups() == [{"": 10}] * 3
    counts = town.world.learned.sizes(TENANT_ID)
    assert counts is not None and {name.partition(".")[0] for name in counts.counts} == {"shoppers", "stages"}
    gone = town.models()[-1]
    assert (gone.id, gone.version, gone.versions[0].state) == ("customers", None, "outdated")


def test_roll_back__to_a_model_of_another_declaration__is_refused() -> None:
    """It would put nobody anywhere, and say that it did."""
    town = Town(30)
    town.run("run_1")
    town.declare("customers", OURS)
    town.run("run_2")
    order = RollBackOrder(TENANT_ID, "customers", "back_1", "t_admin", to=1, settle_seconds=0)
    with pytest.raises(BadInput) as caught:
        roll_back(order, town.world.learned, town.world.services().door, town.world.declared, town.world.now)
    assert caught.value.code == "version_unusable" and town.state(2) == "in_force"


def test_published__where_no_model_is_in_force__opens_no_run() -> None:
    """Nobody is judged before something was learned; the same publication told twice opens one run."""
    town = Town(10)
    published = town.declare("bought", RULES)
    assert town.world.jobs.newest(TENANT_ID, before=1 << 60, limit=5) == []
    town.run("run_1")
    for _ in range(2):
        town.told(published)
    assert [one.job_id for one in town.world.jobs.newest(TENANT_ID, before=1 << 60, limit=5)].count("declared_1") == 1


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"id": "others"}, ("id", "other_id")),
        ({"k": [3, 4]}, ("k", "more_groups_than_kinds")),
        ({"features": ["orders_90", "spend_90d"]}, ("features[0]", "unknown_feature")),
        ({"kinds": [*OURS["kinds"], {**OURS["kinds"][0], "id": "Fans 2"}]}, ("kinds[3].id", "bad_name")),
        ({"kinds": [{**OURS["kinds"][0], "names": {"en": "Fans"}}]}, ("kinds[0].names", "wrong_type")),
        (
            {"purposes": ["service", "marketing"], "features": [*OURS["features"], "unresolved_90d"]},
            ("purposes", "wider_purposes"),
        ),
        ({"says": {"zh": "问 13900001234", "en": "ask"}}, ("says.zh", "personal_text")),
        ({"names": {"zh": "长" * 501, "en": "long"}}, ("names.zh", "bad_text")),
    ],
)
def test_draft__that_is_wrong__is_refused_at_its_place(fields: dict[str, Any], wrong: tuple[str, str]) -> None:
    """Names in both languages, known features, as many kinds as groups, purposes that the features may serve."""
    assert wrong in refused(Town(0), "ours", changed(**fields))


def test_draft__of_one_too_many__is_refused() -> None:
    """Eight are in force at most, the three that ship among them: everybody is put into each at every event."""
    town = Town(0)
    for number in range(5):
        town.declare(f"ours_{number}", OURS)
    assert refused(town, "ours_5", OURS) == {("$", "too_many")}
    town.declare("stages", {"withdrawn": True})
    assert town.declare("ours_5", OURS).number == 1


def test_draft__under_the_id_of_a_score__is_refused() -> None:
    """It would take the place of the score's model."""
    assert ("id", "taken_id") in refused(Town(0), "churn", OURS)


def risk(path: str, purpose: str = "service") -> dict[str, Any]:
    text = {"zh": "测试", "en": "test"}
    sign = {"id": "one", "when": {"==": [{"var": path}, "fans"]}, "says": text}
    made = {"id": "own", "name": text, "suggestion": "guard_call", "says": text, "purpose": purpose, "signs": [sign]}
    return {"rules": [made | {"valid_days": 3, "again_days": 9}]}


def test_plan__that_reads_an_own_segmentation__holds_it_in_force() -> None:
    """A risk reads it once it is in force, for its purposes; then it is neither taken away nor narrowed under it."""
    town = Town(0)
    assert ("rules[0].signs[0].when", "unknown_path") in refused(town, "default", risk("segment.ours"), "outreach")
    town.declare("ours", changed(purposes=["service", "marketing"]))
    town.declare("default", risk("segment.ours", "marketing"), "outreach")
    assert refused(town, "ours", {"withdrawn": True}) == {("$", "in_use")}
    assert refused(town, "ours", OURS) == {("$", "in_use")}
    # What ships reads `customers` for marketing, too.
    assert refused(town, "customers", OURS) == {("$", "in_use")}
    town.declare("default", risk("segment.ours", "marketing") | {"off": ["churn"]}, "outreach")
    assert town.declare("customers", OURS).number == 1
    assert ("$", "in_use") in refused(town, "default", risk("segment.ours", "marketing"), "outreach")


def test_measure__narrowed_under_an_own_segmentation__is_refused() -> None:
    """Its features may serve what it serves, or it is changed first."""
    town = Town(0)
    town.declare("ours", changed(purposes=["service", "marketing"]))
    (orders,) = (one for id_, one in town.in_force(TENANT_ID).measures.measures.items() if id_ == "orders_paid")
    raw = msgspec.to_builtins(msgspec.structs.replace(orders, purposes=("service",)))
    raw = {name: value for name, value in msgspec.json.decode(msgspec.json.encode(raw)).items() if value is not None}
    told = refused_with(town, "orders_paid", raw, "measures")
    # So may what ships.
    assert {one.message.partition(" reads")[0] for one in told if "segmentation" in one.message} == {
        "The segmentation “customers”",
        "The segmentation “ours”",
        "The segmentation “shoppers”",
        "The segmentation “stages”",
    }
    assert {(one.path, one.code) for one in told if "segmentation" in one.message} == {("purposes", "in_use")}


def test_shipped__declared_under_their_own_ids__are_taken_and_fit_what_was_learned() -> None:
    """Who begins with what ships and changes nothing has lost nothing: purposes are allowed, and the model stays in force."""
    town = Town(30)
    town.run("run_1")
    before = town.world.models().segments
    for id_ in ("customers", "shoppers", "stages"):
        raw = msgspec.json.decode(msgspec.json.encode(town.world.declared[id_]))
        assert town.declare(id_, raw).number == 1
    assert town.world.models().segments == before != {}
