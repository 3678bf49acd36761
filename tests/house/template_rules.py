"""What must hold for the packaged template, each rule a function from the template to its mistakes in words."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

Template = dict[str, Any]


def of_type(template: Template, kind: str) -> dict[str, dict[str, Any]]:
    """The properties of every resource of a type, by its name."""
    return {name: one.get("Properties", {}) for name, one in template["Resources"].items() if one["Type"] == kind}


def functions(template: Template) -> dict[str, dict[str, Any]]:
    """The properties of every function."""
    return of_type(template, "AWS::Serverless::Function")


def references(value: object) -> set[str]:
    """The names of the resources that a value of the template speaks of."""
    text = json.dumps(value)
    named = re.findall(r'"Ref": "(\w+)"|"Fn::GetAtt": \["(\w+)"|\$\{(\w+)[.}]', text)
    return {name for match in named for name in match if name}


def sqs_sources(template: Template) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """(function, its properties, the source's properties) of every queue that feeds a function."""
    for name, function in functions(template).items():
        for event in function.get("Events", {}).values():
            if event["Type"] == "SQS":
                yield name, function, event["Properties"]


def partial_failures(template: Template) -> list[str]:
    """A batch with one failed message must not be deleted whole."""
    return [
        f"{name}'s queue does not report partial failures"
        for name, _, source in sqs_sources(template)
        if "ReportBatchItemFailures" not in source.get("FunctionResponseTypes", [])
    ]


def dead_letters(template: Template) -> list[str]:
    """Every queue gives up into another queue of the template, after several tries; that one is the end."""
    queues = of_type(template, "AWS::SQS::Queue")
    targets = {name: references(queue.get("RedrivePolicy", {})) for name, queue in queues.items()}
    ends = set().union(*targets.values())
    found = [
        f"{name} has no dead-letter queue" for name in queues if name not in ends and not targets[name] & set(queues)
    ]
    return found + [
        f"{name} gives up after {queue['RedrivePolicy']['maxReceiveCount']} tries"
        for name, queue in queues.items()
        if queue.get("RedrivePolicy", {}).get("maxReceiveCount", 5) < 3
    ]


def visibility(template: Template) -> list[str]:
    """A message stays invisible for six times its function's timeout."""
    queues = of_type(template, "AWS::SQS::Queue")
    return [
        f"{queue} hides messages for less than 6 × {name}'s timeout"
        for name, function, source in sqs_sources(template)
        for queue in references(source["Queue"]) & set(queues)
        if queues[queue].get("VisibilityTimeout", 30) < 6 * function["Timeout"]
    ]


def own_roles(template: Template) -> list[str]:
    """One role per function, and it is written down in the template."""
    roles = of_type(template, "AWS::IAM::Role")
    used = {name: references(function["Role"]) for name, function in functions(template).items()}
    shared = [role for role, times in Counter(role for names in used.values() for role in names).items() if times > 1]
    found = [f"{role} serves several functions" for role in shared]
    return found + [f"{name} has no role of the template" for name, names in used.items() if not names & set(roles)]


def statements(template: Template) -> Iterator[tuple[str, list[str], list[Any]]]:
    """(role, actions, resources) of every statement of every role."""
    for name, role in of_type(template, "AWS::IAM::Role").items():
        for policy in role.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                actions, resources = statement["Action"], statement["Resource"]
                yield (
                    name,
                    actions if isinstance(actions, list) else [actions],
                    resources if isinstance(resources, list) else [resources],
                )


def is_wild(resource: object) -> bool:
    """Whether a policy's resource ends in a star; a function's own log streams and uploads have no names to write down."""
    text = json.dumps(resource).rstrip('"}')
    return text.endswith("*") and not text.endswith(("log-stream:*", "${ImportsBucket.Arn}/uploads/*"))


def wildcards(template: Template) -> list[str]:
    """No role may do everything of a service, nor anything to everything; no ready-made policies."""
    found = [
        f"{role} allows {actions} on {resources}"
        for role, actions, resources in statements(template)
        if any("*" in action for action in actions) or any(is_wild(resource) for resource in resources)
    ]
    roles = of_type(template, "AWS::IAM::Role").items()
    return found + [f"{name} has ready-made policies" for name, role in roles if role.get("ManagedPolicyArns")]


def reach(template: Template) -> dict[str, list[str]]:
    """Which functions reach each table, key, queue and bus, as their roles say."""
    kinds = ("AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::SQS::Queue", "AWS::S3::Bucket", "AWS::Events::EventBus")
    owners = {role: name for name, one in functions(template).items() for role in references(one["Role"])}
    reached: dict[str, set[str]] = {name: set() for kind in kinds for name in of_type(template, kind)}
    for role, _, resources in statements(template):
        for name in references(resources) & set(reached):
            reached[name].add(owners.get(role, role))
    return {name: sorted(who) for name, who in reached.items()}
