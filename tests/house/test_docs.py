"""The pages are true of the code: what they name exists, and what must be told is told."""

from __future__ import annotations

import importlib.util
import re
import shlex
import urllib.request
from types import SimpleNamespace
from typing import Any

import pytest

from app import app
from chalicelib.aws.settings import ENDPOINT_VARIABLES, Settings
from chalicelib.channels import standard_webhooks
from chalicelib.entrypoints.http_identity import MergeRequest, MergeTrial, MergeView, SplitRequest, SplitView
from chalicelib.entrypoints.problems import _CHALICE_REFUSALS
from chalicelib.events.types import CHANNELS, EVENT_TYPES, NAMESPACES, TOPICS
from chalicelib.flows.describe_links import LinksView, LinkView
from chalicelib.flows.preview_merge import PreviewView, Route
from chalicelib.flows.views import ProfileView
from chalicelib.flows.why_views import WhyView
from chalicelib.privacy.credentials import SCOPES
from chalicelib.privacy.fields import FIELDS
from chalicelib.profiles.corrections import CORRECTED
from chalicelib.profiles.pins import PINNED
from chalicelib.profiles.values import CASE_PATHS, PERSON_PATHS
from chalicelib.routing.model import Decision, RouteRequest
from chalicelib.tickets.model import ON_THE_BUS
from infra import operator_options, package
from tests.house import reading_docs as docs

TARGETS = set(re.findall(r"^([a-z]+):", docs.text_of("Makefile"), re.MULTILINE))
FOLDERS = ("chalicelib/", "infra/", "tests/", "docs/", ".chalice/", ".ci/")
NAMES = [str(path.relative_to(docs.ROOT)) for path in docs.PAGES]
EVENTS, ERRORS = docs.text_of("docs/integrate/events.md"), docs.text_of("docs/integrate/errors.md")
SETTINGS = docs.text_of("docs/operate/settings.md")
PLACEHOLDERS = {"t_…": "t_1"}


def missing_targets(text: str) -> set[str]:
    """Targets of make that a page names and the Makefile lacks."""
    named = {target for line in docs.commands(text) for target in re.findall(r"^make (?:-s )?([a-z]+)", line)}
    return named - TARGETS


def missing_paths(text: str) -> set[str]:
    """Files and folders that a page names in code and that are not there."""
    named = {span for span in docs.spans(text) if span.startswith(FOLDERS) and " " not in span}
    return {path for path in named if not any(docs.ROOT.glob(path.rstrip("/")))}


def missing_modules(text: str) -> set[str]:
    """Modules that a page says to run and that cannot be found."""
    named = {module for line in docs.commands(text) for module in re.findall(r"python -m ([\w.]+)", line)}
    ours = {module for module in named if module.startswith(("infra", "tests"))}
    return {module for module in ours if importlib.util.find_spec(module) is None}


def broken_links(name: str, text: str) -> set[str]:
    """Relative links of a page that lead nowhere."""
    folder = (docs.ROOT / name).parent
    inside = {link.partition("#")[0] for link in docs.LINK.findall(text) if "://" not in link}
    return {link for link in inside if link and not (folder / link).exists()}


def unknown_routes(text: str) -> set[str]:
    """Calls such as ``GET /v1/…`` that a page names and the app does not serve."""
    served = {(method, path) for path, methods in app.routes.items() for method in methods}
    named = {
        tuple(span.split(" ", 1)) for span in docs.spans(text) if re.match(r"(GET|POST|PUT|PATCH|DELETE) /v1", span)
    }
    return {" ".join(call) for call in named if call not in served}


@pytest.mark.parametrize("name", NAMES)
def test_page__what_it_names__exists(name):
    """Commands, make targets, paths, routes and links of every page."""
    text = docs.text_of(name)
    assert not missing_targets(text)
    assert not missing_paths(text)
    assert not missing_modules(text)
    assert not broken_links(name, text)
    assert not unknown_routes(text)


def test_checks_of_pages__planted_untruths__are_found():
    """Each check fails on a page that says what is not."""
    assert missing_targets("`make tea`") == {"tea"}
    assert missing_targets("```sh\nmake tea    # hot\n```") == {"tea"}
    assert missing_paths("`chalicelib/gone.py`") == {"chalicelib/gone.py"}
    assert missing_modules("`python -m infra.gone up`") == {"infra.gone"}
    assert broken_links("docs/operate/README.md", "[x](gone.md)") == {"gone.md"}
    assert unknown_routes("`POST /v1/gone`") == {"POST /v1/gone"}


@pytest.mark.parametrize("name", NAMES)
def test_page__operator_commands__are_understood(name):
    """Every line with the operator's command is one that its parser takes."""
    for line in docs.commands(docs.text_of(name)):
        words = [PLACEHOLDERS.get(word, word) for word in shlex.split(line)] if "-m infra.operator" in line else []
        if "infra.operator" in words and words[-1] != "infra.operator":
            operator_options.parser("").parse_args(words[words.index("infra.operator") + 1 :])


def test_readme__package_command__is_understood(monkeypatch):
    """The options that the README names are those of the package command."""
    asked = []
    monkeypatch.setattr(package, "package", lambda root, out, arch: asked.append(arch) or pytest.skip("understood"))
    with pytest.raises(pytest.skip.Exception):
        package.main(["--arch", "arm64"])
    assert asked == ["arm64"] and "--arch arm64" in docs.text_of("README.md")


def test_events__types_and_fields__are_those_of_the_registry():
    """Every event type is told with its fields, and no other."""
    told = {docs.SPAN.findall(row[0])[0]: docs.SPAN.findall(row[2]) for row in docs.table_rows(EVENTS, "| Type |")}
    assert told.keys() == EVENT_TYPES.keys()
    for name, fields in EVENT_TYPES.items():
        assert told[name] == (["traits"] if name == "profile.described" else list(fields)), name


def test_events__kinds__cover_every_field():
    """Each canonical field stands in the table of kinds."""
    told = {field for row in docs.table_rows(EVENTS, "| Fields |") for field in docs.SPAN.findall(row[0])}
    assert told == {field for fields in EVENT_TYPES.values() for field in fields}


def test_events__topics_channels_traits__are_those_of_the_code():
    """Closed lists are told whole."""
    topics, channels = (re.search(rf"{word}: (.*?)\.", EVENTS, re.DOTALL)[1] for word in ("Topics", "Channels"))
    assert set(docs.SPAN.findall(topics)) == TOPICS
    assert set(docs.SPAN.findall(channels)) == CHANNELS
    told = {docs.SPAN.findall(row[0])[0]: row for row in docs.table_rows(EVENTS, "| Trait |")}
    assert told.keys() == FIELDS.keys()
    for name, field in FIELDS.items():
        assert told[name][1] == field.class_
        assert ("sealed" in told[name][3]) is field.is_sealed
        assert {"source": "every", "trusted": "trusted", "derived": "derived", "desk": "desk"}[
            field.writable_by
        ] in told[name][2]


@pytest.mark.parametrize("name", NAMES)
def test_page__event_types_it_names__exist(name):
    """A type of an event or of a published change that a page names is one of the code."""
    published = docs.first_arguments({"Change"}, "chalicelib/flows") | {"rule.failed", CORRECTED, PINNED, *ON_THE_BUS}
    objects = {one.partition(".")[0] for one in (*EVENT_TYPES, *published)}
    named = {span for span in docs.spans(docs.text_of(name)) if re.fullmatch(r"[a-z]+\.[a-z_]+", span)}
    assert {one for one in named if one.partition(".")[0] in objects} <= EVENT_TYPES.keys() | published


def test_reading__published_changes__are_those_of_the_flows():
    """Every change on the bus is told, and no other."""
    told = {
        docs.SPAN.findall(row[0])[0] for row in docs.table_rows(docs.text_of("docs/integrate/reading.md"), "| Detail")
    }
    assert told == docs.first_arguments({"Change"}, "chalicelib/flows") | {"rule.failed"}


def test_identifiers__namespaces__are_told_in_their_order():
    """The table's order is the order of anchors."""
    rows = docs.table_rows(docs.text_of("docs/integrate/identifiers.md"), "| Namespace |")
    assert tuple(docs.SPAN.findall(row[0])[0] for row in rows) == NAMESPACES


@pytest.mark.parametrize(
    ("page", "types"),
    [
        ("route", (Decision, RouteRequest)),
        ("reading", (ProfileView, WhyView)),
        (
            "merging",
            (MergeTrial, MergeRequest, MergeView, SplitRequest, SplitView, PreviewView, Route, LinksView, LinkView),
        ),
    ],
    ids=["route", "reading", "merging"],
)
def test_integrate__fields_of_answers__are_all_explained(page, types):
    """Each field of requests and answers is explained, and no field is invented."""
    rows = docs.table_rows(docs.text_of(f"docs/integrate/{page}.md"), "| Field |")
    told = {field for row in rows for field in docs.SPAN.findall(row[0])}
    fields = {field for type_ in types for field in type_.__struct_encode_fields__}
    # The tag's own id, name and meaning need no words; a reservation comes with agents.
    assert fields - told <= {"tag", "name", "meaning", "reservation_id"}
    assert told <= fields


def test_settings__each_variable__is_told_with_its_default():
    """Every setting of the functions is in docs/operate, and what is there is a setting."""
    told = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", SETTINGS))
    named = {field.upper() for field in Settings.__struct_fields__ if field not in {"region", "endpoints"}}
    assert told == named | set(ENDPOINT_VARIABLES.values()) | {"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"}
    defaults = dict(zip(reversed(Settings.__struct_fields__), reversed(Settings.__struct_defaults__), strict=False))
    rows = {row[0].strip("`"): row[1] for row in docs.table_rows(SETTINGS, "| Variable | Default |")}
    for field, default in defaults.items():
        assert rows[field.upper()] == str(default)


def raised_codes() -> set[str]:
    """Every code that the code can answer, log or keep with what it refuses."""
    raised = docs.first_arguments(docs.error_classes() | {"unavailable", "bad_request"}, "chalicelib")
    gateway = set(re.findall(r'"code": "(\w+)"', docs.text_of("infra/templates/gateway.yaml")))
    chalice = {code for code, _ in _CHALICE_REFUSALS.values()}
    return raised | docs.inherited_codes() | gateway | chalice


def test_errors__each_code_raised__is_told():
    """Whoever meets a code finds it in docs/integrate/errors.md."""
    told = {code for row in re.findall(r"^\| (`.*?) \|", ERRORS, re.MULTILINE) for code in docs.SPAN.findall(row)}
    assert {"bad_json", "not_authorised", "seal_broken", "no_answer", "forbidden"} <= raised_codes()
    assert raised_codes() - told == set()


def test_errors__each_code_told__is_in_the_code():
    """No code is promised that nothing raises."""
    told = {code for row in re.findall(r"^\| (`.*?) \|", ERRORS, re.MULTILINE) for code in docs.SPAN.findall(row)}
    assert told - docs.literals("chalicelib") - raised_codes() == set()


def test_failures__log_lines_and_metrics__are_those_of_the_code():
    """Operators find each line and metric, and look for none that does not exist."""
    text = docs.text_of("docs/operate/failures.md")
    lines = {docs.SPAN.findall(row[0])[0] for row in docs.table_rows(text, "| Log line |")}
    assert lines == docs.first_arguments({"warn", "fault", "note"}, "chalicelib/entrypoints", "chalicelib/flows")
    metrics = docs.first_arguments({"count"}, "chalicelib/entrypoints", "chalicelib/flows")
    assert metrics <= set(docs.spans(text))


def test_failures__alarms__are_those_of_the_template():
    """Every alarm of the template is told."""
    templates = "".join(path.read_text() for path in docs.ROOT.glob("infra/templates/*.yaml"))
    alarms = set(re.findall(r"^  (\w+):\n    Type: AWS::CloudWatch::Alarm", templates, re.MULTILINE))
    assert alarms and alarms <= set(docs.spans(docs.text_of("docs/operate/failures.md")))


def test_tenants__roles_and_scopes__are_those_of_the_code():
    """Every role is told; the scopes told of a role that routes use are the ones it has."""
    rows = docs.table_rows(docs.text_of("docs/operate/tenants.md"), "| Role |")
    assert {role for row in rows for role in docs.SPAN.findall(row[0])} == SCOPES.keys() - {"source"}
    used = {getattr(entry.view_function, "scope", None) for ways in app.routes.values() for entry in ways.values()}
    reading = SCOPES["bot"] & used
    for row in rows:
        told = set(docs.SPAN.findall(row[1])) | (reading if "the same" in row[1] else set())
        for role in docs.SPAN.findall(row[0]):
            if role != "admin":
                assert told == SCOPES[role] & used, role


def test_measures_and_tags__paths__are_those_rules_read():
    """The paths of persons and cases are told whole."""
    spans = set(docs.spans(docs.text_of("docs/understand/measures-and-tags.md")))
    assert {path.partition(".")[2] for path in PERSON_PATHS | CASE_PATHS} <= spans


def test_privacy__sealed_traits__are_named():
    """What is sealed is told by name."""
    text = docs.text_of("docs/understand/privacy.md")
    assert {name for name, field in FIELDS.items() if field.is_sealed} <= set(docs.spans(text))


@pytest.mark.parametrize("folder", ["integrate", "operate", "understand", "decisions"])
def test_index__of_a_folder__links_every_page(folder):
    """Whoever opens a folder of the docs finds each page of it in the folder's README, once."""
    linked = sorted(docs.LINK.findall(docs.text_of(f"docs/{folder}/README.md")))
    pages = [path.name for path in (docs.ROOT / "docs" / folder).glob("*.md") if path.name != "README.md"]
    assert sorted(pages) == [link for link in linked if "/" not in link]


def test_readmes__blocks_headings_and_links__are_the_same():
    """The Chinese README says the same: the same commands, headings, tables and links."""
    english, chinese = docs.text_of("README.md"), docs.text_of("README.zh-CN.md")
    assert docs.BLOCK.findall(english) == docs.BLOCK.findall(chinese)
    assert docs.HEADING.findall(english) == docs.HEADING.findall(chinese)
    own = {"README.md", "README.zh-CN.md"}
    assert sorted(set(docs.LINK.findall(english)) - own) == sorted(set(docs.LINK.findall(chinese)) - own)
    assert english.count("\n|") == chinese.count("\n|") and english.count("\n- ") == chinese.count("\n- ")


def test_makefile__targets__are_told():
    """Every target that `make` lists is told in the README or the pages for operators."""
    listed = set(re.findall(r"^([a-z]+):.*##", docs.text_of("Makefile"), re.MULTILINE))
    told = {target for path in docs.PAGES for target in re.findall(r"make (?:-s )?([a-z]+)", path.read_text())}
    assert listed - {"help"} - told == set()


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("docs/decisions/2")])
def test_decision__file__is_dated_and_whole(name):
    """A decision has its date in name and title, its context, its choice, and what was rejected."""
    date = re.fullmatch(r"docs/decisions/(\d{4}-\d\d-\d\d)-[a-z0-9-]+\.md", name)[1]
    text = docs.text_of(name)
    assert text.splitlines()[0].startswith("# ") and text.splitlines()[0].endswith(f"({date})")
    assert all(f"**{part}.**" in text for part in ("Context", "Choice", "Rejected"))


def test_changelog__version__is_that_of_the_package():
    """The version that runs has an entry."""
    from chalicelib.kernel.version import VERSION

    assert f"## [{VERSION}]" in docs.text_of("CHANGELOG.md")


def test_sending__signing_example__is_accepted_by_the_door(monkeypatch):
    """The code that the page shows signs as the door checks."""
    example = next(
        block for block in docs.blocks(docs.text_of("docs/integrate/sending.md"), "python") if "hmac" in block
    )
    sent: list[urllib.request.Request] = []

    def urlopen(request: urllib.request.Request) -> SimpleNamespace:
        sent.append(request)
        return SimpleNamespace(status=202)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    names: dict[str, Any] = {}
    exec(compile(example, "sending.md", "exec"), names)
    assert (
        names["send"]("http://127.0.0.1:1", "s_1", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_1", {"a": 1}) == 202
    )
    headers, body = dict(sent[0].header_items()), sent[0].data
    now = int(headers["Webhook-timestamp"]) * 1000
    assert standard_webhooks.verify(headers, body, [b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], now) == "msg_1"
