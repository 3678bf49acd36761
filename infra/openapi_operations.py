"""What the OpenAPI document says of each route beyond what the route itself says.

A route that is not in this table stops the generator, and so does a row without a route.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.entrypoints.http_catalogue import PublishRequest, RollbackRequest
from chalicelib.entrypoints.http_consents import ConsentRequest, RestrictionRequest
from chalicelib.entrypoints.http_erasures import CorrectionOpened, CorrectionRequest, ErasureRequest
from chalicelib.entrypoints.http_identity import MergeRequest, MergeTrial, SplitRequest
from chalicelib.entrypoints.http_matching import Rejection
from chalicelib.entrypoints.http_me_deeds import (
    MyConsentRequest,
    MyConsentView,
    MyCorrection,
    MyCorrectionView,
    MyErasure,
    MyErasureView,
    MyRestrictionRequest,
    MyRestrictionView,
)
from chalicelib.entrypoints.http_profiles import Lookup
from chalicelib.entrypoints.http_tags import PinRequest
from chalicelib.events.word_lists import WordList
from chalicelib.flows.export_views import ExportOpened, ExportRequest, ExportView
from chalicelib.flows.import_views import ImportOpened
from chalicelib.flows.link_views import LinkRequest
from chalicelib.flows.me_views import MeView
from chalicelib.flows.reveal_views import RevealRequest, RevealView
from chalicelib.flows.run_erasure import ErasureOpened, ReceiptView
from chalicelib.flows.views import AcceptedView
from chalicelib.outreach.model import Plan
from chalicelib.profiles.measures import Measure
from chalicelib.routing.declaration import PolicyDeclaration
from chalicelib.routing.model import Decision, RouteRequest
from chalicelib.segments.segmentation import Segmentation
from chalicelib.tags.model import TagRule
from chalicelib.tags.scenes import Scene
from infra import openapi_bodies as bodies
from infra.openapi_decisions import DECISIONS
from infra.openapi_desk import DESK
from infra.openapi_jobs import JOBS
from infra.openapi_models import MODELS
from infra.openapi_outreach import OUTREACH
from infra.openapi_parameters import (
    AS_OF,
    AUDIT_PRINCIPAL,
    AUDIT_PROFILE,
    CANDIDATES,
    CHANNEL,
    CODE,
    CURSOR,
    DAY,
    DECLARATIONS,
    EXPORT_FORMAT,
    EXPORT_LANGUAGE,
    EXPORT_PART,
    FROM,
    IDEMPOTENCY_KEY,
    LIMIT,
    ON_CHANNEL,
    ONE_CALL,
    PURPOSE,
    REGION,
    ROWS,
    SCENE,
    SEER,
    SEGMENT,
    TAG_PURPOSE,
    TAG_REASON,
    TO,
    WEBHOOK_ID,
    WEBHOOK_TIMESTAMP,
    WINDOW,
    WORDS,
    Operation,
)
from infra.openapi_tickets import TICKETS

OPERATIONS: Mapping[tuple[str, str], Operation] = {
    **DESK,
    **OUTREACH,
    ("POST", "/v1/batch"): Operation(
        details="Takes up to 2,500 calls. Calls that are no events go to the quarantine; the others are applied.",
        body=(bodies.SegmentBatch,),
    ),
    ("POST", "/v1/track"): Operation("Something a person did.", ONE_CALL, (bodies.Track,)),
    ("POST", "/v1/identify"): Operation("What is known of a person.", ONE_CALL, (bodies.Identify,)),
    ("POST", "/v1/page"): Operation("A page that a person saw.", ONE_CALL, (bodies.Page,)),
    ("POST", "/v1/screen"): Operation("A screen of an app that a person saw.", ONE_CALL, (bodies.Page,)),
    ("POST", "/v1/group"): Operation("The company that a person belongs to.", ONE_CALL, (bodies.Group,)),
    ("POST", "/v1/alias"): Operation("That two ids are one person.", ONE_CALL, (bodies.Alias,)),
    ("POST", "/v1/events"): Operation(
        details="Binary mode has the attributes in `ce-` headers and the data as the body. The order of `refused` "
        "is that of the events as sent; every other event was queued.",
        body=(bodies.CloudEvent, tuple[bodies.CloudEvent, ...], dict[str, Any]),
        media={
            "application/cloudevents+json": (bodies.CloudEvent,),
            "application/cloudevents-batch+json": (tuple[bodies.CloudEvent, ...],),
        },
        answer=AcceptedView,
        status=202,
    ),
    ("POST", "/v1/webhooks/standard/{source_id}"): Operation(
        details="`webhook-signature` holds `v1,` and the base64 of HMAC-SHA256 over `webhook-id.webhook-timestamp.body` "
        "under the source's secret. Several signatures, parted by spaces, allow rotation.",
        body=(bodies.StandardWebhook,),
        answer=AcceptedView,
        status=202,
        parameters=(WEBHOOK_ID, WEBHOOK_TIMESTAMP),
        refuses=(401, 403),
    ),
    ("POST", "/v1/profiles/lookup"): Operation(body=(Lookup,), refuses=(404,)),
    ("GET", "/v1/profiles/{profile_id}"): Operation(parameters=(PURPOSE, AS_OF), refuses=(409,)),
    ("GET", "/v1/profiles/{profile_id}/tags"): Operation(parameters=(PURPOSE, AS_OF, SCENE), refuses=(409,)),
    ("GET", "/v1/profiles/{profile_id}/tags/{tag_id}/why"): Operation(
        parameters=(PURPOSE, AS_OF, SCENE), refuses=(409,)
    ),
    ("PUT", "/v1/profiles/{profile_id}/tags/{tag_id}"): Operation(
        details="A person's tag wins over the rules until it is taken back. `reason` stands in the audit.",
        body=(PinRequest,),
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(404, 409),
    ),
    ("DELETE", "/v1/profiles/{profile_id}/tags/{tag_id}"): Operation(
        parameters=(TAG_PURPOSE, TAG_REASON, IDEMPOTENCY_KEY), refuses=(404, 409)
    ),
    ("POST", "/v1/profiles/{profile_id}/reveal"): Operation(
        details="Fields are `traits.<name>` and `identifiers.<namespace>`. What may not be opened stands in `withheld` with "
        "the reason. `purpose` is service, security or legal.",
        body=(RevealRequest,),
        answer=RevealView,
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(409, 429),
    ),
    ("POST", "/v1/privacy/exports"): Operation(
        details="Names a `profile_id` or `identifiers`. The job holds ids and counts, and ends after seven "
        "days. A person of more than 50,000 events is refused with 409.",
        body=(ExportRequest,),
        answer=ExportOpened,
        status=202,
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(404, 409),
    ),
    ("GET", "/v1/privacy/exports/{export_id}"): Operation(
        details="Part 1 is the person, each further part a stretch of time with its events. `html` is a page without "
        "script, `csv` one row per value. Nothing of it is kept: the answer says `no-store`.",
        answer=ExportView,
        parameters=(EXPORT_FORMAT, EXPORT_PART, EXPORT_LANGUAGE),
        refuses=(409, 413),
        texts=("text/html", "text/csv"),
    ),
    ("GET", "/v1/profiles/{profile_id}/consents"): Operation(
        details="`service` and `legal` are served. What stands now is by purpose; the history is never rewritten.",
        parameters=(PURPOSE, WORDS, CURSOR),
    ),
    ("PUT", "/v1/profiles/{profile_id}/consents"): Operation(
        details="In every read and on the bus. `reason` stands in the audit.",
        body=(ConsentRequest,),
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(404, 409),
    ),
    ("POST", "/v1/privacy/restrictions"): Operation(
        details="Give a `profile_id` or `identifiers`. While restricted, nobody judges the person.",
        body=(RestrictionRequest,),
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(404, 409),
    ),
    ("GET", "/v1/profiles/{profile_id}/timeline"): Operation(parameters=(PURPOSE, LIMIT, CURSOR)),
    ("POST", "/v1/imports"): Operation(
        details="Send the file to `upload.url` with `upload.method`; that starts it. Every mistake of the declaration is "
        "told at once in `errors`.",
        body=(bodies.ImportRequest,),
        answer=ImportOpened,
        status=202,
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(409,),
    ),
    ("GET", "/v1/imports/{import_id}"): Operation(parameters=(CURSOR,)),
    ("GET", "/v1/profiles/{profile_id}/context"): Operation(
        answer=bodies.BotContext, parameters=(PURPOSE, CHANNEL, AS_OF), refuses=(409,)
    ),
    ("GET", "/v1/profiles/{profile_id}/links"): Operation(
        details="A `link_id` may be given to `POST /v1/splits`. A refused link unites nobody; its `reason` is the "
        "protection, or `kept_apart` after a split.",
        parameters=(PURPOSE,),
    ),
    ("POST", "/v1/merges/preview"): Operation(
        details="`protections` are reasons why the merge would be refused without `force`. `after` are the people "
        "as they would be; tags and routes are compared at this moment.",
        body=(MergeTrial,),
        refuses=(404, 409),
    ),
    ("POST", "/v1/merges"): Operation(
        details="`reason` stands in the audit. `force` needs the scope `merges:force`, which `admin` has.",
        body=(MergeRequest,),
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(404, 409),
    ),
    ("POST", "/v1/splits"): Operation(
        details="Every facet returns to the id that it came from, with all that arrived since, and what was cut "
        "stays apart. `reason` stands in the audit.",
        body=(SplitRequest,),
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(404, 409),
    ),
    ("GET", "/v1/merge-candidates"): Operation(
        details="`weight` is `prior_weight` plus the weights of the fields, in bits; `score` is the chance of one "
        "person that follows. No value of a person is shown.",
        parameters=(CANDIDATES, CURSOR),
    ),
    ("POST", "/v1/merge-candidates/{candidate_id}/reject"): Operation(body=(Rejection,), refuses=(409,)),
    **TICKETS,
    ("POST", "/v1/privacy/corrections"): Operation(
        details="Name the person by `profile_id` or by `identifiers`. A later correction wins over an earlier one; what "
        "is derived from a trait (`age_band`, `country`, `region`) follows from its correction.",
        body=(CorrectionRequest,),
        answer=CorrectionOpened,
        status=202,
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(404, 409),
    ),
    ("POST", "/v1/privacy/erasures"): Operation(
        details="Name the person by `profile_id` or by `identifiers`. It cannot be taken back. Events that happened "
        "before it are refused for ever, whoever sends them; who comes back afterwards is a new person.",
        body=(ErasureRequest,),
        answer=ErasureOpened,
        status=202,
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(404, 409),
    ),
    ("GET", "/v1/privacy/receipts/{receipt_id}"): Operation(
        details="`state` is waiting, running, completed or refused of an erasure, and waiting, applied or refused of a "
        "correction. The signature is Ed25519 over the canonical JSON of `document`; keep the answer, and verify it "
        "with the operator's command and the tenant's public key.",
        answer=ReceiptView,
    ),
    ("POST", "/v1/route"): Operation(
        details="A caller whom no identifier leads to gets the path for new customers, with `profile_id` null.",
        body=(RouteRequest,),
        answer=Decision,
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(404, 409),
    ),
    **DECISIONS,
    **JOBS,
    **MODELS,
    ("GET", "/v1/insights/hot-words"): Operation(
        details="Only declared words are counted, each once per message, ticket, complaint or search. The window ends "
        "now and begins on the hour; it is compared with the same hours of up to four past weeks. `lift` is "
        "(count + 5) / (expected + 5); `p` is exact for two Poisson counts, and `q` the false discovery rate over all "
        "words of the answer. What fewer than 5 messages speak of is left out.",
        parameters=(WINDOW, REGION, SEGMENT, ON_CHANNEL),
        refuses=(400,),
    ),
    ("GET", "/v1/insights/tags"): Operation(
        details="People are counted every night. `confidence` has ten equal steps from 0 to 1; the steps of a measure "
        "are how often somebody did it in the last 30 days.",
        parameters=(DAY,),
        refuses=(404,),
    ),
    ("GET", "/v1/insights/tags/{tag_id}"): Operation(
        details="`null` is fewer than 5, or what a subtraction would tell of fewer than 5. `lift` is the group's share "
        "against everybody's, drawn towards 1 as if 20 usual people were in it.",
    ),
    ("GET", "/v1/insights/groups"): Operation(
        details="A group of at least 20 people may have tags, which profiles of its people show with the source `group`.",
        refuses=(404,),
    ),
    ("GET", "/v1/catalogue/{kind}"): Operation(
        details="`kind` is tags, measures, scenes, policies, words, outreach or segmentations. `number` is the tenant's own version of a "
        "declaration, 0 where it has none.",
        parameters=(DECLARATIONS, CURSOR),
        refuses=(404,),
    ),
    ("GET", "/v1/catalogue/{kind}/{id}"): Operation(
        details="`declaration` is what is in force, null where nothing is; `shipped` what it is without the tenant's own."
    ),
    ("PUT", "/v1/catalogue/{kind}/{id}"): Operation(
        details="Nothing changes for anybody until it is published. `id` may be left out of the body, `version` as well. "
        '`{"withdrawn": true}` drafts that what is in force under this id shall be no more. Every mistake is told at '
        "once in `errors`, with its path and a suggestion.",
        body=(TagRule, Measure, Scene, PolicyDeclaration, WordList, Plan, Segmentation, bodies.Withdrawal),
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(409,),
    ),
    ("DELETE", "/v1/catalogue/{kind}/{id}"): Operation(refuses=(400, 409)),
    ("POST", "/v1/catalogue/{kind}/{id}/publish"): Operation(
        details="All functions go by it within a minute, without a deploy. What others read cannot be taken away "
        "(400 `bad_declaration` with `in_use`). A measure counts from then on. A segmentation by model groups nobody until "
        "a run has learned it.",
        body=(PublishRequest,),
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(404, 409),
    ),
    ("POST", "/v1/catalogue/{kind}/{id}/rollback"): Operation(
        details="`version` is the number of an earlier version; 0 is what is shipped. Without it the version before "
        "what is in force.",
        body=(RollbackRequest,),
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(404, 409),
    ),
    ("POST", "/v1/privacy/links"): Operation(
        details="The secret stands behind the `#` of `url`: hand it to the person by a way that you trust, and keep it "
        "nowhere. The link is for this person as they are now: once they are merged, split or erased it opens nothing.",
        body=(LinkRequest,),
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(404, 409),
    ),
    ("DELETE", "/v1/privacy/links/{link_id}"): Operation(parameters=(TAG_REASON,)),
    ("GET", "/v1/me"): Operation(
        details="To a browser that takes `text/html` and sends no `Authorization` it is the page, which holds nothing of "
        "anybody. `Authorization: Bearer zl_…` is the secret of a person's link. Every use is audited first.",
        answer=MeView,
        texts=("text/html",),
        refuses=(401, 403, 409, 429),
    ),
    ("GET", "/v1/me/export"): Operation(
        details="Part 1 is the person, each further part a stretch of time with its events, newest first.",
        answer=ExportView,
        parameters=(EXPORT_FORMAT, EXPORT_PART, EXPORT_LANGUAGE),
        refuses=(401, 403, 404, 409, 413, 429),
        texts=("text/html", "text/csv"),
    ),
    ("POST", "/v1/me/consents"): Operation(
        body=(MyConsentRequest,),
        answer=MyConsentView,
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(401, 403, 409, 429),
    ),
    ("POST", "/v1/me/restriction"): Operation(
        body=(MyRestrictionRequest,),
        answer=MyRestrictionView,
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(401, 403, 409, 429),
    ),
    ("POST", "/v1/me/erasure"): Operation(
        details="Without `confirmation` nothing is erased: the answer (200) has one, which holds for ten minutes. Sent "
        "back it queues the erasure (202), and `erasure_id` is that of its receipt.",
        body=(MyErasure,),
        answer=MyErasureView,
        status=202,
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(401, 403, 409, 429),
    ),
    ("GET", "/v1/me/app.js"): Operation(texts=("text/javascript",)),
    ("GET", "/v1/me/app.css"): Operation(texts=("text/css",)),
    ("POST", "/v1/me/corrections"): Operation(
        body=(MyCorrection,),
        answer=MyCorrectionView,
        status=202,
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(401, 403, 409, 429),
    ),
    ("GET", "/v1/quality"): Operation(
        details="Sources are judged every hour, each by its own past. `weight` is what a source's evidence counts "
        "meanwhile; `psi` lists the population stability index of each field that has enough values."
    ),
    ("GET", "/v1/privacy/data-map"): Operation(
        details="The tenant's own measures and tags are in it. `retention_days` 0: while the person is kept. `made_of` are "
        "the paths that something is derived from; `recipients` the roles that see it for some purpose."
    ),
    ("GET", "/v1/audit"): Operation(
        details="What was read is told with a principal or a profile; without either it is what was done. "
        "A page for a rare principal or profile may hold fewer than asked for, or none, and still have a cursor.",
        parameters=(AUDIT_PRINCIPAL, AUDIT_PROFILE, FROM, TO, ROWS, CURSOR),
    ),
    ("GET", "/v1/audit/exposure"): Operation(
        details="The question after a breach. The counts are of people; one of whom a value was shown as it is does not "
        "count among the masked. Public and internal fields are never masked. `profiles` is a page of the people, by id. "
        "Where `complete` is false there was more than could be read in time: the counts are of what is before `to`, "
        "and the rest is asked for from there.",
        parameters=(SEER, FROM, TO, ROWS, CURSOR),
    ),
    ("GET", "/v1/quarantine"): Operation(
        details="A page for a rare code may hold fewer than asked for, or none, and still have a cursor.",
        parameters=(CODE, ROWS, CURSOR),
    ),
    ("POST", "/v1/quarantine/{quarantine_id}/replay"): Operation(
        details="The event is queued as it stands, sealed: nobody but ingestion opens it. It counts once however "
        "often it is replayed, and a repeated call answers as the first did. When it fails again it waits again, with "
        "the newer code. What is no event cannot be replayed (409 `not_replayable`).",
        refuses=(409,),
    ),
    ("GET", "/v1/health"): Operation(),
    ("GET", "/v1/openapi.json"): Operation(answer=dict[str, Any]),
}
