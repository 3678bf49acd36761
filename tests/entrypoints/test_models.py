"""Learned segments and models through the functions: the routes, the schedule, both queues, the bucket and the tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.entrypoints import compose, learning, models, queue_learning, queue_training, schedule_learning
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.models import learned
from chalicelib.flows import describe_models, learn_ranges
from chalicelib.flows.learning_job import job_of
from chalicelib.flows.note_read import Seen
from chalicelib.kernel.errors import Unavailable
from chalicelib.kernel.moments import DAY_MS, format_moment
from chalicelib.segments.features import FEATURES_VERSION
from chalicelib.training import served
from tests.entrypoints.service import Answer, Invocation, Lambdas, Shop, open_shop, unique
from tests.entrypoints.test_noted_reads import seen
from tests.flows.learning_world import by_orders

BUYERS, OTHERS = 3, 5
PEOPLE = BUYERS + OTHERS
QUEUES = ("QUEUE_LEARNING_URL", "QUEUE_LEARNING_TRAINING_URL")


@pytest.fixture(scope="module", autouse=True)
def quick(functions_environment: None) -> Iterator[None]:
    """A trainer that is no subject here, small pages, and no waiting until all containers know the new models."""
    whole = learning.limits
    with pytest.MonkeyPatch.context() as patch:
        # Slices are for tables of millions.
        patch.setattr(learn_ranges, "_PILOT_SLICES", 2)
        patch.setattr(served, "segments", by_orders)
        patch.setattr(learning, "limits", lambda: replace(whole(), settle_seconds=0, page_items=40, chunk_people=6))
        yield


def people(lambdas: Lambdas) -> Shop:
    """A tenant whose people came through the door: some buy much, the others look."""
    shop = open_shop(lambdas)
    calls = []
    for number in range(PEOPLE):
        about = {"type": "track", "userId": f"u{number}", "timestamp": format_moment(now() - 40 * DAY_MS)}
        calls.append({**about, "messageId": unique("m"), "event": "Page Viewed", "properties": {}})
        for order in range(3 if number < BUYERS else 0):
            bought = {"order_id": f"o{number}-{order}", "total": 900.5, "currency": "CNY"}
            calls.append({**about, "messageId": unique("m"), "event": "Order Completed", "properties": bought})
    for start in range(0, len(calls), 20):
        assert shop.send("/v1/batch", {"batch": calls[start : start + 20]}).status == 200
    shop.lambdas.ingest()
    return shop


@pytest.fixture
def town(lambdas: Lambdas) -> Iterator[Shop]:
    """Such a tenant, with nothing of others in the queues."""
    shop = people(lambdas)
    empty(shop)
    yield shop
    empty(shop)


@pytest.fixture(scope="module")
def taught(lambdas: Lambdas, quick: None) -> Shop:
    """One that has learned, for tests that change nothing of it."""
    shop = people(lambdas)
    assert run(shop).status == 202
    work(shop)
    return shop


def empty(shop: Shop) -> None:
    for name in QUEUES:
        queued(shop, name)


def queued(shop: Shop, name: str) -> list[str]:
    """The bodies that wait in a queue, taken out of it."""
    url, sqs = shop.lambdas.operator.environ[name], shop.lambdas.operator.api("sqs")
    found: list[str] = []
    while messages := sqs.call("ReceiveMessage", {"QueueUrl": url, "MaxNumberOfMessages": 10}).get("Messages"):
        for one in messages:
            found.append(one["Body"])
            sqs.call("DeleteMessage", {"QueueUrl": url, "ReceiptHandle": one["ReceiptHandle"]})
    return found


def deliver(function: Any, body: str, left: int = 900_000) -> Any:
    """One message to a container that has just begun."""
    models.models_in_force.cache_clear()
    return function({"Records": [{"messageId": "m1", "body": body}]}, Invocation(left))


def work(shop: Shop) -> None:
    """Deliver what waits for this tenant until both queues are empty."""
    functions = {"QUEUE_LEARNING_URL": queue_learning.learn_ranges, QUEUES[1]: queue_training.train_models}
    waits = True
    while waits:
        waits = False
        for name, function in functions.items():
            for body in queued(shop, name):
                if json.loads(body)["tenant"] == shop.tenant_id:
                    waits = True
                    assert deliver(function, body) == {"batchItemFailures": []}
    models.models_in_force.cache_clear()


def run(shop: Shop, key: str = "", body: Any = b"") -> Answer:
    return shop.ask("/v1/models/runs", body, {"Idempotency-Key": key} if key else {})


def roll_back(shop: Shop, body: Any = b"", key: str = "", model: str = "customers") -> Answer:
    return shop.ask(f"/v1/models/{model}/rollback", body, {"Idempotency-Key": key} if key else {})


def model_of(shop: Shop, id_: str = "customers") -> Any:
    return next(one for one in shop.read("/v1/models").json["models"] if one["id"] == id_)


def ids(shop: Shop, numbers: range) -> set[str]:
    return {shop.lookup("user_id", f"u{number}").json["profile_id"] for number in numbers}


def walked(shop: Shop, segment: str, purpose: str = "service") -> list[list[str]]:
    """The pages of a segment's members."""
    pages, cursor = [], ""
    while True:
        answer = shop.read(f"/v1/segments/{segment}/members?purpose={purpose}&cursor={cursor}")
        assert answer.status == 200, answer.body
        pages.append(answer.json["profile_ids"])
        cursor = answer.json["cursor"]
        if not cursor:
            return pages


def segment_of(shop: Shop, number: int) -> list[str]:
    found = shop.lookup("user_id", f"u{number}").json["segments"]
    return [one["id"] for one in found if one["id"].startswith("customers.")]


def test_run__asked_for__learns_publishes_and_judges_everybody(town: Shop) -> None:
    """202; both queues and the bucket later everybody is in a segment, counted, listed and shown, and no sample is left."""
    assert town.read("/v1/segments").json["segments"] == [] and town.read("/v1/models").json["models"] == []
    opened = run(town)
    assert (opened.status, opened.json["state"]) == (202, "waiting"), opened.body
    work(town)
    (told,) = town.read("/v1/models").json["runs"]
    assert (told["run"], told["phase"], told["judged"], told["share_done"]) == (
        opened.json["job_id"],
        "finished",
        PEOPLE,
        1.0,
    ), told
    assert {one["id"]: one["reason"] for one in told["outcomes"]}["churn"] == "too_few_people"
    model = model_of(town)
    assert (model["kind"], model["version"], model["versions"][0]["state"]) == ("segment", 1, "in_force")
    listed = town.read("/v1/segments").json
    sizes = {one["id"]: one["size"] for one in listed["segments"] if one["segmentation"] == "customers"}
    assert (listed["people"], sizes) == (PEOPLE, {"customers.value": BUYERS, "customers.ordinary": OTHERS})
    assert [segment_of(town, number) for number in (0, PEOPLE - 1)] == [["customers.value"], ["customers.ordinary"]]
    row = learning.learning_jobs().load(town.tenant_id, opened.json["job_id"])
    assert row is not None and job_of(row).scan
    assert samples_left(town) == []


def samples_left(shop: Shop) -> list[str]:
    """Objects of the tenant's samples that stand in the bucket."""
    import boto3

    environ = shop.lambdas.operator.environ
    named = {
        "aws_access_key_id": environ["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": environ["AWS_SECRET_ACCESS_KEY"],
    }
    s3 = boto3.client("s3", endpoint_url=environ["AWS_ENDPOINT_URL"], region_name=environ["AWS_REGION"], **named)
    found = s3.list_objects_v2(Bucket=environ["BUCKET_IMPORTS"], Prefix=f"learning/{shop.tenant_id}/")
    return [one["Key"] for one in found.get("Contents", ())]


def test_members__page_by_page__are_all_of_them_once(taught: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cursors lead through everybody, across the parts of the index, and nobody comes twice."""
    monkeypatch.setattr(describe_models, "_MEMBERS", 2)
    pages = walked(taught, "customers.ordinary")
    found = [one for page in pages for one in page]
    assert len(pages) == -(-OTHERS // 2) and all(pages)
    assert len(found) == OTHERS and set(found) == ids(taught, range(BUYERS, PEOPLE))
    assert {one for page in walked(taught, "customers.value") for one in page} == ids(taught, range(BUYERS))
    assert walked(taught, "customers.guided") == [[]]


def test_members__for_a_purpose__are_those_who_have_not_closed_it(taught: Shop) -> None:
    """Nobody here said yes to marketing, which is asked first; the control lists them for service."""
    assert walked(taught, "customers.value", "marketing") == [[]]
    assert {one for page in walked(taught, "customers.value") for one in page} == ids(taught, range(BUYERS))


def why(shop: Shop, number: int, segmentation: str = "customers", purpose: str = "service") -> Answer:
    (profile_id,) = ids(shop, range(number, number + 1))
    return shop.read(f"/v1/profiles/{profile_id}/segments/{segmentation}/why?purpose={purpose}")


def whys(shop: Shop) -> list[Seen]:
    """Who was shown why, newest first."""
    return [one for one in seen(shop, "admin") if one.action == "segments.why"]


def test_why__of_a_learned_segment__tells_what_pulls_and_what_would_move_and_is_audited(taught: Shop) -> None:
    """The segment of the profile, with its reasons in both languages; the audit says which, and no value."""
    before = len(whys(taught))
    answer = why(taught, 0)
    assert answer.status == 200, answer.body
    (listed,) = (one for one in taught.lookup("user_id", "u0").json["segments"] if one["id"] == "customers.value")
    told = answer.json
    assert (told["segment"], told["none"], told["told_by"]) == (listed, None, listed["model_version"])
    assert told["told_segment"]["id"] == "customers.value" and told["against"]["id"] == "customers.ordinary"
    pulled = {one["feature"]: one for one in told["pulls"]}
    assert pulled["orders_90d"]["value"] == 3 and all(one["says"]["zh"] and one["says"]["en"] for one in told["pulls"])
    read, *earlier = whys(taught)
    assert len(earlier) == before
    assert (read.profile_ids, read.purpose) == ((told["profile_id"],), "service")
    assert set(read.fields) == {"segments.customers.value", *(f"values.{one}" for one in pulled)}


def test_why__by_rule_and_of_none__says_which(taught: Shop) -> None:
    """A stage is what no other rule takes; who bought nothing is no shopper; without a yes to marketing nobody is told of."""
    stage = why(taught, 0, "stages").json
    assert (stage["by"], stage["segment"]["id"], stage["pulls"], stage["conditions"]) == (
        "rule",
        "stages.mature",
        [],
        [],
    )
    assert stage["says"] == [{"zh": "以上各条均不成立", "en": "none of the kinds before it holds"}]
    assert why(taught, PEOPLE - 1, "shoppers").json["none"]["code"] == "not_for_them"
    closed = why(taught, 0, purpose="marketing").json
    assert (closed["none"]["code"], closed["segment"], closed["pulls"]) == ("not_profiled", None, [])


def test_why__asked_wrongly__is_refused(taught: Shop) -> None:
    """Segmentations and people that there are not, purposes that it does not serve, and whoever may read no profile."""
    nobody = taught.read("/v1/profiles/p_none/segments/customers/why?purpose=service")
    answers = [why(taught, 0, "nobody"), nobody, why(taught, 0, purpose="security"), why(taught, 0, purpose="")]
    assert [(one.status, one.code) for one in answers] == [
        (404, "no_such_segmentation"),
        (404, "no_such_profile"),
        (403, "purpose_not_allowed"),
        (400, "bad_purpose"),
    ]
    path = f"/v1/profiles/{why(taught, 0).json['profile_id']}/segments/customers/why?purpose=service"
    assert taught.lambdas.http("GET", path, token=taught.role("bot")).status == 403


@pytest.mark.parametrize(
    ("segment", "status", "code"),
    [
        ("customers.nobody", 404, "no_such_segment"),
        ("nobody.value", 404, "no_such_segment"),
        ("customers", 404, "no_such_segment"),
        ("stages.newcomer", 400, "not_listed"),
        ("customers.value/members", 400, "bad_purpose"),
        ("customers.value/members?purpose=service&cursor=%23x", 400, "bad_cursor"),
    ],
)
def test_members__asked_wrongly__are_refused(shop: Shop, segment: str, status: int, code: str) -> None:
    """Segments that there are not, those without an index, and cursors of others."""
    answer = shop.read(
        f"/v1/segments/{segment}" if "/" in segment else f"/v1/segments/{segment}/members?purpose=service"
    )
    assert (answer.status, answer.code) == (status, code)


def test_learned__of_one_tenant__is_nothing_to_another(taught: Shop) -> None:
    """Neither models, nor runs, nor segments, nor their members; and no stranger rolls a model back."""
    other = open_shop(taught.lambdas)
    assert other.read("/v1/models").json == {"models": [], "runs": []}
    assert other.read("/v1/segments").json == {"segments": [], "people": None, "counted_at": None}
    assert walked(other, "customers.value") == [[]]
    assert roll_back(other, {"version": 1}).code == "no_such_model" and model_of(taught)["version"] == 1


def test_run__asked_again__is_the_same_with_its_key_and_refused_without(town: Shop) -> None:
    """A repeat opens nothing; two at once would publish over each other; after the end another one may be opened."""
    first, again = run(town, "run-1"), run(town, "run-1")
    assert first.json == again.json
    refused = run(town)
    assert (refused.status, refused.code) == (409, "run_in_progress")
    work(town)
    ended = run(town, "run-1").json
    assert (ended["job_id"], ended["state"]) == (first.json["job_id"], "finished") and not queued(town, QUEUES[0])
    assert run(town).status == 202


@pytest.mark.parametrize("body", [{"people": 5}, b"[]", b"no JSON"])
def test_run__with_a_body_that_says_anything__is_refused(shop: Shop, body: Any) -> None:
    """There is nothing to say, and nothing is queued."""
    assert run(shop, body=body).status == 400 and queued(shop, QUEUES[0]) == []


@pytest.mark.parametrize(
    ("role", "read", "listed", "written"),
    [("marketer", 403, 200, 403), ("rule_editor", 200, 403, 409), ("bot", 403, 403, 403)],
)
def test_roles__of_learning__may_what_their_scopes_say(
    shop: Shop, role: str, read: int, listed: int, written: int
) -> None:
    """Who markets reads segments, who edits rules runs and rolls back models, a bot neither."""
    token, http = shop.role(role), shop.lambdas.http
    assert http("GET", "/v1/models", token=token).status == read
    assert http("GET", "/v1/segments", token=token).status == listed
    purpose = {"marketer": "marketing", "analyst": "analytics"}.get(role, "service")
    assert http("GET", f"/v1/segments/customers.value/members?purpose={purpose}", token=token).status == listed
    # 404 or 202 of whoever may: a tenant without models has none to roll back.
    rolled = http("POST", "/v1/models/customers/rollback", token=token).status
    assert rolled == (403 if written == 403 else 404)
    asked = http("POST", "/v1/models/runs", token=token).status
    assert asked == (403 if written == 403 else 202)
    queued(shop, QUEUES[0])


def test_roll_back__to_the_one_before__is_in_force_at_once_and_everybody_judged(town: Shop) -> None:
    """One call; the same with its key again changes nothing; there is no third one to go back to, unless none is meant."""
    for _ in range(2):
        run(town)
        work(town)
    assert (model_of(town)["version"], model_of(town)["before"]) == (2, 1)
    done = roll_back(town, key="back-1")
    assert (done.status, done.json["version"]) == (202, 1), done.body
    assert roll_back(town, key="back-1").json == done.json
    states = {one["version"]: one["state"] for one in model_of(town)["versions"]}
    assert states == {1: "in_force", 2: "rolled_back"}
    work(town)
    newest = next(one for one in town.read("/v1/models").json["runs"] if one["run"] == done.json["job_id"])
    # Both versions said the same, so the second run wrote nobody, and nothing that it said is left to be undone.
    assert (newest["sort"], newest["phase"], newest["judged"], newest["changed"]) == ("assign", "finished", PEOPLE, 0)
    again = roll_back(town)
    assert (again.status, again.code) == (409, "nothing_before") and segment_of(town, 0) == ["customers.value"]
    assert roll_back(town, {"version": 0}).json["version"] == 0
    work(town)
    assert model_of(town)["version"] is None and segment_of(town, 0) == []
    assert walked(town, "customers.value") == [[]]


def test_roll_back__to_what_cannot_be_in_force__is_refused(taught: Shop) -> None:
    """Unknown models and versions, other features than those of today, no number; what is in force stays."""
    known = learned().load(taught.tenant_id, "customers", 1)
    assert known is not None
    assert learned().keep(taught.tenant_id, replace(known, number=2, features_version=FEATURES_VERSION + 1))
    told = [
        (answer.status, answer.code)
        for answer in (
            roll_back(taught, model="nobody"),
            roll_back(taught, {"version": 9}),
            roll_back(taught, {"version": 2}),
            roll_back(taught, {"version": "1"}),
            roll_back(taught, {"versoin": 1}),
        )
    ]
    assert told[:3] == [(404, "no_such_model"), (404, "no_such_version"), (400, "version_unusable")]
    assert [status for status, _ in told[3:]] == [400, 400]
    assert model_of(taught)["version"] == 1 and queued(taught, QUEUES[0]) == []


def test_reads_and_orders__leave_an_audit_row(taught: Shop) -> None:
    """Whoever listed members, ordered a run or rolled back is named, with what it was."""
    walked(taught, "customers.value")
    assert roll_back(taught, {"version": 1}).status == 202
    empty(taught)
    found = taught.read("/v1/audit?limit=50").json["audited"]
    told = {(one["action"], one["principal"]) for one in found}
    assert {("segments.members", "admin"), ("models.run", "admin"), ("models.roll_back", "admin")} <= told


@pytest.mark.parametrize("body", ["no JSON", "[]", '{"tenant": 1}', '{"tenant": "t", "job_id": "j", "more": 1}'])
def test_ranges__of_a_message_that_is_none__come_again(shop: Shop, body: str, log: Callable[[], str]) -> None:
    """Until it is a dead letter; the log has a code and none of its text."""
    assert deliver(queue_learning.learn_ranges, body) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert '"bad_message"' in log()


def test_ranges__of_a_run_that_there_is_not__are_done(shop: Shop) -> None:
    """What was forgotten is gone on with by nobody."""
    body = json.dumps({"tenant": shop.tenant_id, "job_id": "none", "part": "scan-0"})
    assert deliver(queue_learning.learn_ranges, body) == {"batchItemFailures": []}
    order = json.dumps({"order": "learn", "tenant": shop.tenant_id, "job_id": "none"})
    assert deliver(queue_training.train_models, order) == {"batchItemFailures": []}


def test_ranges_and_training__without_time__are_queued_to_be_gone_on_with(town: Shop) -> None:
    """A function stops before its time is over; its own message goes on, and the run ends all the same."""
    run(town)
    (begin,) = queued(town, QUEUES[0])
    deliver(queue_learning.learn_ranges, begin)
    parts = queued(town, QUEUES[0])
    deliver(queue_learning.learn_ranges, parts[0], left=1_000)
    assert queued(town, QUEUES[0]) == parts[:1]
    for body in parts:
        deliver(queue_learning.learn_ranges, body)
    (plan,) = queued(town, QUEUES[1])
    assert samples_left(town), "or that none is left at the end says nothing"
    deliver(queue_training.train_models, plan, left=1_000)
    orders = queued(town, QUEUES[1])
    deliver(queue_training.train_models, orders[0], left=1_000)
    assert len(orders) > 1 and queued(town, QUEUES[1]) == orders[:1]
    for body in orders:
        deliver(queue_training.train_models, body)
    work(town)
    assert town.read("/v1/models").json["runs"][0]["phase"] == "finished"


def weekly(left: int = 900_000) -> None:
    """Invoke the schedule as EventBridge does."""
    event: dict[str, Any] = dict.fromkeys(("version", "account", "region", "detail-type", "source", "time", "id"), "x")
    schedule_learning.schedule_learning(event | {"detail": {}, "resources": []}, Invocation(left))  # type: ignore[operator]


def test_schedule__of_a_week__opens_one_run_a_tenant(town: Shop, log: Callable[[], str]) -> None:
    """Twice in a week is once, the next week opens another one; whose run goes on is told of and left to it."""
    weekly()
    weekly()
    runs = town.read("/v1/models").json["runs"]
    assert [(one["phase"], one["opened_by"]) for one in runs] == [("waiting", "schedule")]
    work(town)
    assert town.read("/v1/models").json["runs"][0]["phase"] == "finished"
    run(town)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schedule_learning, "_DAYS", 1)
        weekly()
        assert len(town.read("/v1/models").json["runs"]) == 2
        work(town)
        weekly()
    assert [one["opened_by"] for one in town.read("/v1/models").json["runs"]].count("schedule") == 2
    said = [json.loads(line) for line in log().splitlines() if line.startswith("{")]
    assert {"learning_goes_on"} <= {one["message"] for one in said if one.get("tenant") == town.tenant_id}
    assert {one["LearningTenantsLeft"] for one in said if "LearningTenantsLeft" in one} == {0}


def test_schedule__of_one_tenant_fails__the_others_have_their_turn(
    town: Shop, log: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told and counted; without time nobody is begun."""
    broken = open_shop(town.lambdas)
    weekly(left=1_000)
    assert town.read("/v1/models").json["runs"] == []
    go_on = learning.go_on

    def failing(tenant_id: str, *more: Any) -> None:
        if tenant_id == broken.tenant_id:
            raise Unavailable("throttled", "Later.")
        go_on(tenant_id, *more)

    monkeypatch.setattr(learning, "go_on", failing)
    weekly()
    assert len(town.read("/v1/models").json["runs"]) == 1
    said = log()
    assert '"learning_not_opened"' in said and broken.tenant_id in said and '"throttled"' in said
    compose.journal().flush()


OURS: dict[str, Any] = {
    "names": {"zh": "我们的客群", "en": "Our kinds"},
    "says": {"zh": "分三类。", "en": "Three kinds."},
    "k": [3, 3],
    "features": ["orders_90d", "contacts_90d"],
    "kinds": [
        {"id": id_, "names": {"zh": zh, "en": id_}, "says": {"zh": zh, "en": id_}, "signs": {"orders_90d": 1.0}}
        for id_, zh in (("curious", "好奇"), ("fans", "铁粉"), ("quiet", "安静"))
    ],
}


def declare(shop: Shop, body: Any, id_: str = "customers", role: str = "rule_editor") -> Answer:
    """Draft a segmentation and publish it; the first answer that is not 200."""
    path, token = f"/v1/catalogue/segmentations/{id_}", shop.role(role)
    drafted = shop.lambdas.http("PUT", path, body, token=token)
    return drafted if drafted.status != 200 else shop.lambdas.http("POST", f"{path}/publish", token=token)


def test_segmentation__declared_and_learned__is_named_listed_and_shown(town: Shop) -> None:
    """From the draft to a person: own kinds in place of those that ship, by their names in both languages."""
    run(town)
    work(town)
    assert segment_of(town, 0) == ["customers.value"]
    declared = declare(town, OURS)
    assert declared.status == 200, declared.body
    # What was learned by the five kinds is used by nobody, and everybody leaves them.
    assert model_of(town)["version"] is None and model_of(town)["versions"][0]["state"] == "outdated"
    assert walked(town, "customers.fans") == [[]]
    assert town.read("/v1/segments/customers.value/members?purpose=service").code == "no_such_segment"
    work(town)
    assert segment_of(town, 0) == [] and town.read("/v1/models").json["runs"][0]["sort"] == "assign"
    assert roll_back(town, {"version": 1}).code == "version_unusable"
    assert run(town).status == 202
    work(town)
    listed = town.read("/v1/segments").json["segments"]
    named = {one["id"]: (one["name"]["zh"], one["size"]) for one in listed if one["segmentation"] == "customers"}
    assert named == {"customers.fans": ("铁粉", BUYERS), "customers.quiet": ("安静", OTHERS)}
    assert set(chain.from_iterable(walked(town, "customers.fans"))) == ids(town, range(BUYERS))
    shown = town.lookup("user_id", "u0").json["segments"]
    assert {"zh": "铁粉", "en": "fans"} in [one["name"] for one in shown]
    audited = town.read("/v1/audit").json["audited"]
    told = {one["action"] for one in audited if one["subjects"] == ["segmentations/customers"]}
    assert told == {"catalogue.draft", "catalogue.publish"}


def test_segmentation__of_one_tenant__groups_nobody_of_another(taught: Shop) -> None:
    """Who declares other kinds leaves everybody else's model in force."""
    other = open_shop(taught.lambdas)
    assert declare(other, OURS).status == 200
    assert model_of(taught)["version"] == 1 and segment_of(taught, 0) == ["customers.value"]


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({**OURS, "k": [3, 5]}, ["k"]),
        ({**OURS, "features": ["orders_90d", "contact_90d"]}, ["features[1]"]),
        ({**OURS, "names": {"zh": "无英文"}, "colour": "red"}, ["colour", "names"]),
        ({**OURS, "kinds": OURS["kinds"][:2] + OURS["kinds"][:1]}, ["kinds"]),
        ([], ["$"]),
    ],
)
def test_segmentation__that_is_wrong__is_refused_with_every_path(shop: Shop, body: Any, wrong: list[str]) -> None:
    """Nothing is drafted, and each mistake says where it is and what may be done."""
    refused = declare(shop, body)
    assert (refused.status, refused.code) == (400, "bad_declaration"), refused.body
    assert sorted(one["path"] for one in refused.json["errors"]) == wrong
    assert all(one["suggestion"] for one in refused.json["errors"])
    assert shop.read("/v1/catalogue/segmentations/customers").json["draft"] is None


@pytest.mark.parametrize(("role", "status"), [("rule_editor", 200), ("analyst", 403), ("marketer", 403), ("bot", 403)])
def test_segmentation__declared_by_a_role__needs_the_scope_of_the_catalogue(shop: Shop, role: str, status: int) -> None:
    """Who edits rules declares segmentations, and nobody below."""
    path = "/v1/catalogue/segmentations/roles_of_ours"
    assert shop.lambdas.http("PUT", path, OURS, token=shop.role(role)).status == status


def test_members__of_another_segmentation__are_refused_with_what_to_do(shop: Shop) -> None:
    """One index leads to people of one segmentation; the refusal says which, and how to have others listed."""
    refused = shop.read("/v1/segments/stages.newcomer/members?purpose=service")
    assert (refused.status, refused.code) == (400, "not_listed")
    assert "segmentations/customers" in refused.json["message"]
