"""The nightly run and the review list, on people who came through the doors."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from chalicelib.flows.match_people import KeptApart, read_people
from chalicelib.flows.matching_services import MatchServices, ReviewServices
from chalicelib.flows.propose_matches import OPEN_DAYS, MatchReport, propose_matches
from chalicelib.flows.review_matches import REJECTED_DAYS, list_candidates, reject_candidate
from chalicelib.identity.partition import Apart, Ties
from chalicelib.kernel.codec import encode
from chalicelib.kernel.errors import BadInput, Conflict, NotFound, Unavailable
from chalicelib.kernel.moments import DAY_MS, MINUTE_MS
from chalicelib.matching.model import pair_id
from chalicelib.privacy.tenants import Tenant
from chalicelib.store.proposals import MemoryProposals
from chalicelib.store.rows import ProfileRow
from chalicelib.store.scan import MemoryScan
from chalicelib.training.matches.people import find_matches
from tests.flows.test_erasure import erase
from tests.flows.world import NOW, TENANT_ID, World, consent, described

TWIN = {"name": "张三", "birth_date": "1990-03-14", "phone": "+8613900001234", "city": "上海", "address": "世纪大道9号"}


def test_person__who_is_not_profiled__is_matched_with_nobody(world: World) -> None:
    """Nor is what rests on a consent that was taken back compared."""
    for place in range(2):
        world.apply(described(("user_id", f"u{place}"), **TWIN))
    matching = Matching(world)
    read = list(read_people(matching.tenant, matching.services(), KeptApart(), world.now))
    assert [one.traits["birth_date"] for one in read] == [TWIN["birth_date"]] * 2
    world.apply(consent(("user_id", "u0"), granted=False, purpose="service"))
    read = list(read_people(matching.tenant, matching.services(), KeptApart(), world.now))
    assert sorted("birth_date" in one.traits for one in read) == [False, True]
    world.apply(consent(("user_id", "u0"), granted=False, purpose="profiling"))
    assert len(list(read_people(matching.tenant, matching.services(), KeptApart(), world.now))) == 1


def test_person__who_registered_anew__is_matched_by_what_was_told_since(world: World) -> None:
    """Their secret has another name than that of the person who was erased."""
    world.apply(described(("user_id", "u0"), **TWIN))
    erase(world, world.person("user_id", "u0").profile_id)
    world.now += DAY_MS
    world.apply(described(("user_id", "u0"), at=world.now, **{**TWIN, "name": "李四"}))
    (read,) = read_people(world.tenants[TENANT_ID], Matching(world).services(), KeptApart(), world.now)
    assert (read.traits["name"], read.traits["birth_date"]) == ("李四", TWIN["birth_date"])


def test_person__what_is_past_its_retention__is_matched_with_nobody(world: World) -> None:
    """What no rule and no view may read is no evidence either."""
    world.apply(described(("user_id", "u0"), **TWIN))
    world.apply(described(("user_id", "u0"), city="北京", at=NOW + 4 * MINUTE_MS))
    world.now = NOW + 4 * MINUTE_MS + 1_095 * DAY_MS - 1
    (read,) = read_people(world.tenants[TENANT_ID], Matching(world).services(), KeptApart(), world.now)
    assert read.traits == {"city": "北京", "region": "北京"}


class Matching:
    """A world with a nightly run."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.proposals = MemoryProposals()
        self.merges: list[tuple[tuple[str, ...], str]] = []
        self.refuse: Exception | None = None
        self.now = NOW

    @property
    def tenant(self) -> Tenant:
        return self.world.tenants[TENANT_ID]

    def services(self) -> MatchServices:
        return MatchServices(
            profiles=self.world.profiles,
            scan=MemoryScan(self.world.profiles.rows),
            secrets=self.world.secrets,
            proposals=self.proposals,
            branch_keys=lambda tenant: self.world.keys.ingest(tenant).branch_keys,
            find=find_matches,
            merge=self._merge,
            said=lambda step, count: None,
        )

    def review(self) -> ReviewServices:
        return ReviewServices(self.world.profiles, self.proposals)

    def run(self) -> MatchReport:
        return propose_matches(self.tenant, self.services(), self.now)

    def listed(self, limit: int = 20, cursor: str = "") -> Any:
        return list_candidates(TENANT_ID, limit, cursor, self.review(), self.now)

    def reject(self, candidate: str, reason: str = "two people") -> Any:
        return reject_candidate(TENANT_ID, candidate, reason, "lin", self.review(), self.now)

    def merge_above(self, score: float) -> None:
        self.world.tenants[TENANT_ID] = msgspec.structs.replace(self.tenant, merge_above=score)

    def profile_id(self, user: str) -> str:
        return self.world.person("user_id", user).profile_id

    def _merge(self, tenant: Tenant, profile_ids: Sequence[str], merge_id: str) -> None:
        if self.refuse is not None:
            raise self.refuse
        self.merges.append((tuple(profile_ids), merge_id))


def town(size: int = 60) -> list[Any]:
    """Strangers, each described by the shop's own system."""
    draw = random.Random(3)
    return [
        described(
            ("user_id", f"u-{number}"),
            source="s_crm",
            name=draw.choice("王李张刘陈杨黄赵吴周") + draw.choice("伟芳娜敏静丽强磊军洋") + draw.choice("国文海明"),
            birth_date=f"{draw.randint(1950, 2005)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}",
            phone=f"+8613{draw.randint(100_000_000, 999_999_999)}",
            city=draw.choice(["上海", "北京", "广州"]),
        )
        for number in range(size)
    ]


@pytest.fixture
def matching(world: World) -> Matching:
    """A town, and one person who is there twice: as 张三, and as Zhang San with another phone."""
    events = [
        *town(),
        described(("user_id", "twin-a"), source="s_crm", **TWIN),
        described(("user_id", "twin-b"), source="s_crm", **{**TWIN, "name": "Zhang San", "phone": "+8613700009999"}),
    ]
    world.apply(*events, source=world.crm)
    return Matching(world)


@pytest.fixture
def twins(matching: Matching) -> str:
    return pair_id(matching.profile_id("twin-a"), matching.profile_id("twin-b"))


def test_run__person_there_twice__is_proposed_with_reasons(matching: Matching, twins: str) -> None:
    """The pair stands on the list with what every field says, in both languages, and nothing is merged."""
    report = matching.run()
    assert (report.people, report.found, report.opened, report.merged) == (62, 1, 1, 0)
    (shown,) = matching.listed().candidates
    assert shown.id == twins and shown.state == "open"
    assert set(shown.profile_ids) == {matching.profile_id("twin-a"), matching.profile_id("twin-b")}
    fields = {field.field: field for field in shown.fields}
    assert fields["given_name"].says.zh == "读音相同" and fields["given_name"].name.en == "Given name"
    assert fields["birth_date"].level == "same" and fields["phone"].weight < 0
    assert shown.weight == pytest.approx(shown.prior_weight + sum(field.weight for field in shown.fields), abs=1e-3)
    assert not matching.merges and shown.score > 0.9


def test_run__what_is_kept__holds_no_value_of_a_person(matching: Matching) -> None:
    """Opened traits live in memory only: the list says how alike values are, not what they are."""
    matching.run()
    kept = repr(list(matching.proposals.rows.values())) + repr(matching.listed())
    assert matching.proposals.rows
    for value in (*TWIN.values(), "zhang", "Zhang San", "13900001234", "19900314"):
        assert value not in kept


def test_run__again__changes_nothing(matching: Matching) -> None:
    """A run is a function of the people: the second writes nothing, and keeps the pair's place on the list."""
    matching.run()
    before = dict(matching.proposals.rows)
    matching.now += DAY_MS
    assert matching.run().opened == 0
    assert matching.proposals.rows == before


def test_run__half_of_its_time_later__stays_on_the_list(matching: Matching, twins: str) -> None:
    """An open pair that is found again does not expire."""
    matching.run()
    matching.now += (OPEN_DAYS // 2 + 1) * DAY_MS
    assert matching.run().opened == 1
    matching.now += (OPEN_DAYS - 1) * DAY_MS
    assert [one.id for one in matching.listed().candidates] == [twins]


def test_run__pair_rejected__is_not_proposed_again(matching: Matching, twins: str) -> None:
    """Who said that they are two people is not asked again."""
    matching.run()
    shown = matching.reject(twins)
    assert (shown.state, shown.decided_by, shown.reason) == ("rejected", "lin", "two people")
    matching.now += 30 * DAY_MS
    report = matching.run()
    assert (report.found, report.opened, report.decided) == (1, 0, 1)
    assert matching.listed().candidates == ()
    assert matching.proposals.rows[TENANT_ID, twins].expires_at == NOW + REJECTED_DAYS * DAY_MS


def test_run__pair_that_was_split__is_not_proposed(matching: Matching) -> None:
    """Whom an operator cut apart does not come back as a proposal."""
    world = matching.world
    said = Apart(NOW, "sp_1", world.key("user_id", "twin-a"), world.key("user_id", "twin-b"))
    key = (TENANT_ID, matching.profile_id("twin-a"))
    world.profiles.rows[key] = msgspec.structs.replace(world.profiles.rows[key], ties=encode(Ties((), (said,))))
    report = matching.run()
    assert (report.found, report.kept_apart, report.opened) == (1, 1, 0)


def test_run__new_knowledge_against__withdraws_the_pair(matching: Matching, twins: str) -> None:
    """A pair that is no match any more goes from the list, and may come back."""
    matching.run()
    event = described(
        ("user_id", "twin-b"), source="s_crm", at=NOW, name="李四光", birth_date="1971-12-02", address="人民路1号"
    )
    matching.world.apply(event, source=matching.world.crm)
    assert matching.run().withdrawn == 1
    assert matching.listed().candidates == ()
    back = described(("user_id", "twin-b"), source="s_crm", at=NOW + 1, **TWIN)
    matching.world.apply(back, source=matching.world.crm)
    assert matching.run().opened == 1
    assert [one.id for one in matching.listed().candidates] == [twins]


def test_run__above_the_tenants_threshold__merges(matching: Matching, twins: str) -> None:
    """A tenant may say from which score on pairs are merged; it is recorded as accepted by the job."""
    matching.merge_above(0.9)
    assert matching.run().merged == 1
    ids = tuple(sorted((matching.profile_id("twin-a"), matching.profile_id("twin-b"))))
    assert matching.merges == [(ids, twins)]
    assert matching.proposals.rows[TENANT_ID, twins].state == "accepted"
    assert matching.run().merged == 0


def test_run__below_the_tenants_threshold__proposes(matching: Matching) -> None:
    """A threshold that no score reaches merges nobody."""
    matching.merge_above(1.5)
    assert matching.run().merged == 0
    assert len(matching.listed().candidates) == 1 and not matching.merges


@pytest.mark.parametrize("error", [Conflict("x", "x"), BadInput("x", "x"), NotFound("x", "x")])
def test_run__merge_refused__stays_for_review(matching: Matching, error: Exception) -> None:
    """A protection that refuses a merge leaves the pair to a person."""
    matching.merge_above(0.9)
    matching.refuse = error
    report = matching.run()
    assert (report.merged, report.merges_refused, report.opened) == (0, 1, 1)


def test_run__keys_away__fails_and_writes_nothing(matching: Matching) -> None:
    """Without keys there is no run: a half-opened town would propose and withdraw wrongly."""
    matching.world.keys.down = True
    with pytest.raises(Unavailable):
        matching.run()
    assert not matching.proposals.rows


def test_run__facet_shredded__its_values_are_no_evidence(matching: Matching) -> None:
    """What was sealed under a deleted secret cannot be opened, and a run goes on without it."""
    matching.world.secrets.kept.clear()
    assert (matching.run().people, matching.run().found) == (62, 0)


def test_list__profile_merged_since__is_left_out(matching: Matching) -> None:
    """A pair whose profile is gone is nothing to review, even before the next run."""
    matching.run()
    key = (TENANT_ID, matching.profile_id("twin-a"))
    row: ProfileRow = matching.world.profiles.rows[key]
    matching.world.profiles.rows[key] = msgspec.structs.replace(row, state="merged", merged_into="p_x")
    assert matching.listed().candidates == ()


def test_list__page_by_page__shows_each_pair_once(matching: Matching) -> None:
    """The cursor goes through the list, newest and most probable first."""
    more = [
        described(("user_id", f"u-{number}-again"), source="s_crm", **event.data["traits"])
        for number, event in enumerate(town(12))
    ]
    matching.world.apply(*more, source=matching.world.crm)
    assert matching.run().opened == 13
    seen: list[str] = []
    scores: list[float] = []
    cursor = ""
    while True:
        page = matching.listed(5, cursor)
        seen += [one.id for one in page.candidates]
        scores += [one.weight for one in page.candidates]
        cursor = page.cursor
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 13
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(
    ("limit", "cursor", "code"), [(0, "", "bad_limit"), (101, "", "bad_limit"), (5, "x", "bad_cursor")]
)
def test_list__bad_page__is_refused(matching: Matching, limit: int, cursor: str, code: str) -> None:
    """A limit is 1 to 100, and a cursor one that we gave."""
    with pytest.raises(BadInput) as refused:
        matching.listed(limit, cursor)
    assert refused.value.code == code


def test_reject__unknown_pair__is_not_found(matching: Matching) -> None:
    """There is nothing to decide about a pair that was never proposed."""
    with pytest.raises(NotFound) as refused:
        matching.reject("pm_none")
    assert refused.value.code == "no_such_candidate"


def test_reject__twice__is_the_same_answer(matching: Matching, twins: str) -> None:
    """A repeated call changes nothing, not even the reason."""
    matching.run()
    first = matching.reject(twins)
    assert matching.reject(twins, "said again") == first


def test_reject__pair_merged_meanwhile__is_a_conflict(matching: Matching, twins: str) -> None:
    """What was merged is undone by a split, not by a rejection."""
    matching.merge_above(0.9)
    matching.run()
    with pytest.raises(Conflict) as refused:
        matching.reject(twins)
    assert refused.value.code == "candidate_decided"


@pytest.mark.parametrize("reason", ["ask lin@shop.test", "他的电话是13900001234"])
def test_reject__reason_that_names_somebody__is_refused(matching: Matching, twins: str, reason: str) -> None:
    """A reason is kept in clear, so it may hold no address and no number."""
    matching.run()
    with pytest.raises(BadInput) as refused:
        matching.reject(twins, reason)
    assert refused.value.code == "personal_reason"
