"""The packaged template: what a lost message, a shared role or a wide policy would need, it does not allow."""

import copy
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chalicelib.entrypoints.access import OWN_FUNCTIONS
from infra.failures import Failure
from infra.package import ROOT, STAGE
from infra.split import resource_name, split
from tests.house import template_rules as rules

RULES = [
    rules.partial_failures,
    rules.dead_letters,
    rules.visibility,
    rules.own_roles,
    rules.wildcards,
    rules.ways_around,
]
LEADS: dict[str, list[str]] = json.loads((ROOT / "tests/cases/leads.json").read_text())
REACH: dict[str, list[str]] = json.loads((ROOT / "tests/cases/reach.json").read_text())

VALIDATE = """
import sys
from chalice.cli.factory import CLIFactory
from chalice.deploy.validate import validate_configuration
validate_configuration(CLIFactory(sys.argv[1]).create_config_obj(sys.argv[2]))
"""


@pytest.mark.parametrize("rule", RULES)
def test_template__packaged__keeps_rule(rule: Callable[[rules.Template], list[str]], template: rules.Template) -> None:
    """Partial failures, dead letters, visibility, one role each, no wildcards."""
    assert rule(template) == []


def test_template__packaged__reach_is_what_the_table_says(template: rules.Template) -> None:
    """Who reaches which table, key, queue and bus is tests/cases/reach.json, no more and no less."""
    assert rules.reach(template) == REACH


def test_template__functions__make_others_run_as_the_table_says(template: rules.Template) -> None:
    """Which functions a function can make run, by whatever way, is tests/cases/leads.json; those not named make none."""
    assert {name: led for name, led in rules.leads(template).items() if led} == LEADS


def test_template__http__opens_nothing_and_is_answered_by_nobody_who_does(template: rules.Template) -> None:
    """The function that answers the internet has neither branch key nor facet secrets, and those whom it can make run
    and who have them are run by queues, which carry no answer back. (`ways_around` forbids calls, grants and roles.)
    """
    reach, behind = rules.reach(template), rules.leads(template)["APIHandler"]
    for sealed in ("BranchKey", "KeysTable", "IngestKey"):
        assert "APIHandler" not in reach[sealed]
    behind_queues = {name for name, _, _ in rules.sqs_sources(template)}
    assert {one for one in behind if one in reach["BranchKey"] + reach["KeysTable"]} <= behind_queues
    sealed_and_asked = set(reach["BranchKey"]) & set(rules.served(template).values())
    assert sealed_and_asked <= {resource_name(one) for one in OWN_FUNCTIONS.values()}


@pytest.mark.parametrize(
    ("action", "table", "key", "writers"),
    [
        ("PutItem", "HistoryTable", "t_1#chain#000000000001", {"ScheduleAudit"}),
        ("PutItem", "HistoryTable", "t_1#receipt#era_1", {"ErasePeople"}),
        ("PutItem", "HistoryTable", "t_1#erasure#era_1", {"ErasePeople"}),
        ("PutItem", "HistoryTable", "t_1#erasure_refused#era_1", {"ErasePeople"}),
        ("PutItem", "KeysTable", "t_1#erased#era_1", {"ErasePeople"}),
        ("DeleteItem", "KeysTable", "t_1#erased#era_1", set()),
        ("DeleteItem", "HistoryTable", "t_1#audit#a_1", set()),
        ("UpdateItem", "HistoryTable", "t_1#audit#a_1", set()),
        ("DeleteItem", "KeysTable", "t_1#user_id:abc", {"ErasePeople"}),
        ("PutItem", "KeysTable", "t_1#user_id:abc~2", {"IngestEvents", "RotateKeys"}),
    ],
)
def test_template__what_proves_something__is_written_by_its_function_alone(
    template: rules.Template, action: str, table: str, key: str, writers: set[str]
) -> None:
    """Nobody else forges a checkpoint or a receipt, says that an erasure began, or takes one out of the ledger."""
    assert rules.may_write(template, f"dynamodb:{action}", table, key) == writers


def test_may_write__denial_taken_away__found(template: rules.Template) -> None:
    """The check reads denials: without its own the HTTP function could write a checkpoint."""
    planted = copy.deepcopy(template)
    policy = planted["Resources"]["ApiHandlerRole"]["Properties"]["Policies"][0]["PolicyDocument"]
    policy["Statement"] = [one for one in policy["Statement"] if one["Effect"] == "Allow"]
    assert "APIHandler" in rules.may_write(planted, "dynamodb:PutItem", "HistoryTable", "t_1#chain#1")


def test_template__each_route__goes_to_its_function(template: rules.Template) -> None:
    """The routes of the table go to their functions, which the gateway may call for nothing else; all others to HTTP's."""
    served = rules.served(template)
    wanted = {route: resource_name(function) for route, function in OWN_FUNCTIONS.items()}
    assert served == dict.fromkeys(served, "APIHandler") | wanted
    own = {
        (resource_name(name), method + re.sub(r"\{[^}]*\}", "*", path))
        for (method, path), name in OWN_FUNCTIONS.items()
    }
    others = {(name, "/*") for name in ("APIHandler", "SourceAuth", "PrincipalAuth")}
    assert rules.may_be_called_for(template) == own | others


def test_split__route_or_function_that_is_not_there__refused(template: rules.Template) -> None:
    """A row of the table that the app does not have would leave a route with the wrong role; it stops packaging."""
    with pytest.raises(Failure, match="no such route"):
        split({**template}, {("GET", "/v1/nowhere"): "reveal_fields"})
    with pytest.raises(Failure, match="no such function"):
        split({**template}, {("GET", "/v1/health"): "no_such_function"})


def test_split__any_route__leads_there_with_leave_for_it_alone(template: rules.Template) -> None:
    """One row more leads its route, and only it, to its function, and lets the gateway call it for that."""
    led = split(template, {("GET", "/v1/profiles/{profile_id}"): "export_person"})
    before, after = rules.served(template), rules.served(led)
    changed = {route: name for route, name in after.items() if before[route] != name}
    assert changed == {("GET", "/v1/profiles/{profile_id}"): "ExportPerson"}
    assert rules.may_be_called_for(led) - rules.may_be_called_for(template) == {("ExportPerson", "GET/v1/profiles/*")}


def test_template__authorizers__read_the_catalogue_by_key_only(template: rules.Template) -> None:
    """An authorizer may get one item of the catalogue and write its logs."""
    for role in ("SourceAuthRole", "PrincipalAuthRole"):
        actions = {action for name, allowed, _ in rules.statements(template) if name == role for action in allowed}
        assert actions == {"dynamodb:GetItem", "logs:CreateLogStream", "logs:PutLogEvents"}


def test_template__api__hands_every_body_on_as_text(template: rules.Template) -> None:
    """No content type is binary: what is sent is JSON or text, and gzip is opened by the gateway before."""
    api = template["Resources"]["RestAPI"]["Properties"]
    assert api["DefinitionBody"]["x-amazon-apigateway-binary-media-types"] == []
    assert api["MinimumCompressionSize"] > 0


def test_template__every_function__finds_its_settings(template: rules.Template) -> None:
    """Each table, key, queue and bus a function reaches is named to it by a reference, never by a guess."""
    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    named = rules.references(variables) - set(template["Parameters"])
    assert named == {one for one in REACH if not one.endswith("DeadLetters")}


def test_template__log_groups__belong_to_functions(template: rules.Template) -> None:
    """Every log group, with its retention, is the one its function writes to."""
    groups = rules.of_type(template, "AWS::Logs::LogGroup").values()
    assert set().union(*(rules.references(group["LogGroupName"]) for group in groups)) == set(rules.functions(template))


def test_template__tables__back_up_all_but_secrets(template: rules.Template) -> None:
    """Every table but `keys` can be restored to a point in time; `keys` cannot, or erasure would be undone."""
    tables = rules.of_type(template, "AWS::DynamoDB::Table")
    restorable = {
        name: one["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] for name, one in tables.items()
    }
    assert restorable == dict.fromkeys(tables, True) | {"KeysTable": False}


def test_template__bucket_of_uploads__is_closed_encrypted_and_forgetful(template: rules.Template) -> None:
    """Files of customers are encrypted, closed to the public, and gone after a week whatever happens."""
    (bucket,) = rules.of_type(template, "AWS::S3::Bucket").values()
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    found = {one["Prefix"]: one for one in bucket["LifecycleConfiguration"]["Rules"]}
    assert found.keys() == {"uploads/", "learning/"}
    assert all(one["Status"] == "Enabled" and one["ExpirationInDays"] <= 7 for one in found.values())


def test_template__api__signs_uploads_and_reads_none(template: rules.Template) -> None:
    """The function that answers the internet may put a file into the bucket, and never get one."""
    of_bucket = {
        (role, action)
        for role, actions, resources in rules.statements(template)
        for action in actions
        if "ImportsBucket" in rules.references(resources)
    }
    assert of_bucket == {
        ("ApiHandlerRole", "s3:PutObject"),
        ("ImportRangesRole", "s3:GetObject"),
        ("ImportRangesRole", "s3:DeleteObject"),
        ("LearnRangesRole", "s3:PutObject"),
        ("LearnRangesRole", "s3:DeleteObject"),
        ("TrainModelsRole", "s3:GetObject"),
    }


def no_partial_failures(template: dict[str, Any]) -> None:
    del template["Resources"]["IngestEvents"]["Properties"]["Events"]["IngestEventsSqsEventSource"]["Properties"][
        "FunctionResponseTypes"
    ]


def no_dead_letters(template: dict[str, Any]) -> None:
    del template["Resources"]["EventsQueue"]["Properties"]["RedrivePolicy"]


def short_visibility(template: dict[str, Any]) -> None:
    template["Resources"]["EventsQueue"]["Properties"]["VisibilityTimeout"] = 60


def shared_role(template: dict[str, Any]) -> None:
    resources = template["Resources"]
    resources["SourceAuth"]["Properties"]["Role"] = resources["IngestEvents"]["Properties"]["Role"]


def any_resource(template: dict[str, Any]) -> None:
    policy = template["Resources"]["IngestEventsRole"]["Properties"]["Policies"][0]["PolicyDocument"]
    policy["Statement"][1]["Resource"] = "*"


def call_of_another(template: dict[str, Any]) -> None:
    policy = template["Resources"]["ApiHandlerRole"]["Properties"]["Policies"][0]["PolicyDocument"]
    called = {"Action": ["lambda:InvokeFunction"], "Resource": {"Fn::GetAtt": ["RevealFields", "Arn"]}}
    policy["Statement"].append(called)


PLANTED = [no_partial_failures, no_dead_letters, short_visibility, shared_role, any_resource, call_of_another]


@pytest.mark.parametrize(("rule", "plant"), list(zip(RULES, PLANTED, strict=True)))
def test_template__violation_planted__found(
    rule: Callable[[rules.Template], list[str]], plant: Callable[[dict[str, Any]], None], template: rules.Template
) -> None:
    """Each rule sees its own violation."""
    planted = copy.deepcopy(template)
    plant(planted)
    assert rule(planted) != []


def test_reach__branch_key_given_to_http__found(template: rules.Template) -> None:
    """A policy that lets the HTTP function decrypt with the branch key does not go unseen."""
    planted = copy.deepcopy(template)
    policy = planted["Resources"]["ApiHandlerRole"]["Properties"]["Policies"][0]["PolicyDocument"]
    policy["Statement"].append({"Action": ["kms:Decrypt"], "Resource": {"Fn::GetAtt": ["BranchKey", "Arn"]}})
    assert rules.reach(planted)["BranchKey"] == sorted(["APIHandler", *REACH["BranchKey"]])


def test_leads__queue_that_feeds_reveal_planted__found(template: rules.Template) -> None:
    """A queue that leads from the HTTP function to one that opens is seen, behind another one too."""
    planted = copy.deepcopy(template)
    policy = planted["Resources"]["ImportRangesRole"]["Properties"]["Policies"][0]["PolicyDocument"]
    policy["Statement"].append({"Action": "lambda:InvokeFunction", "Resource": {"Fn::GetAtt": ["RevealFields", "Arn"]}})
    assert "RevealFields" in rules.leads(planted)["APIHandler"]


def chalice_says(root: Path) -> str:
    """What Chalice's own validation, which packaging skips, says against the app at `root`."""
    environment = os.environ | {"AWS_DEFAULT_REGION": "us-east-1", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", VALIDATE, str(root), STAGE]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    return done.stderr.strip().splitlines()[-1] if done.returncode else ""


def test_chalice__configuration__is_valid() -> None:
    """`validate_configuration`, which only `chalice deploy` would run, finds nothing."""
    assert chalice_says(ROOT) == ""


def test_chalice__bad_route_planted__found(sources: Path) -> None:
    """A route with a trailing slash, which the gateway cannot serve, is refused."""
    module = sources / "chalicelib/entrypoints/http_system.py"
    module.write_text(module.read_text() + "\n\n@blueprint.route('/v1/planted/')\ndef planted():\n    return {}\n")
    assert "planted" in chalice_says(sources)
