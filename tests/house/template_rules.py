"""What must hold for the packaged template, each rule a function from the template to its mistakes in words."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase
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


def may_write(template: Template, action: str, table: str, key: str) -> set[str]:
    """The functions whose roles allow an action on this key of a table: allowed by a statement, and denied by none."""
    allowed: set[str] = set()
    denied: set[str] = set()
    for owner, statement in _of_functions(template):
        actions = statement["Action"]
        if action in ([actions] if isinstance(actions, str) else actions) and table in references(
            statement["Resource"]
        ):
            conditions = statement.get("Condition", {})
            assert set(conditions) <= {"ForAllValues:StringLike", "ForAnyValue:StringLike"}, "one that is not read here"
            patterns = [one["dynamodb:LeadingKeys"] for one in conditions.values()]
            if all(any(fnmatchcase(key, one) for one in some) for some in patterns):
                (denied if statement["Effect"] == "Deny" else allowed).add(owner)
    return allowed - denied


def _of_functions(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    owners = {role: name for name, one in functions(template).items() for role in references(one["Role"])}
    for name, role in of_type(template, "AWS::IAM::Role").items():
        for policy in role.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                yield owners.get(name, name), statement


def is_wild(resource: object) -> bool:
    """Whether a policy's resource ends in a star; a function's own log streams and uploads have no names to write down."""
    text = json.dumps(resource).rstrip('"}')
    return text.endswith("*") and not text.endswith(
        ("log-stream:*", "${ImportsBucket.Arn}/uploads/*", "${ImportsBucket.Arn}/learning/*")
    )


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


def leads(template: Template) -> dict[str, list[str]]:
    """Which functions each function can make run, and which those can in turn: through queues, a bucket, or by a call.

    What it makes run so answers it nothing. A call would: ``ways_around`` finds those.
    """
    feeds = _feeds(template)
    owners = {role: name for name, one in functions(template).items() for role in references(one["Role"])}
    direct: dict[str, set[str]] = {name: set() for name in functions(template)}
    for role, actions, resources in statements(template):
        if _STARTS.intersection(actions) and role in owners:
            direct[owners[role]] |= {
                name for one in references(resources) for name in feeds.get(one, {one} & set(direct))
            }
    return {name: sorted(_behind(name, direct)) for name in sorted(direct)}


_STARTS = {"sqs:SendMessage", "s3:PutObject", "events:PutEvents", "lambda:InvokeFunction", "lambda:InvokeAsync"}


def _feeds(template: Template) -> dict[str, set[str]]:
    """Queue, bucket or bus → the functions that it starts."""
    feeds: dict[str, set[str]] = {}
    for name, _, source in sqs_sources(template):
        for queue in references(source["Queue"]):
            feeds.setdefault(queue, set()).add(name)
    for bucket, one in of_type(template, "AWS::S3::Bucket").items():
        told = references(one.get("NotificationConfiguration", {}))
        feeds[bucket] = {name for queue in told for name in feeds.get(queue, {queue} & set(functions(template)))}
    for one in of_type(template, "AWS::Events::Rule").values():
        for bus in references(one.get("EventBusName", "")):
            feeds.setdefault(bus, set()).update(references(one["Targets"]) & set(functions(template)))
    return feeds


def _behind(name: str, direct: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    fresh = direct[name]
    while fresh:
        found |= fresh
        fresh = {further for one in fresh for further in direct[one]} - found
    return found


def ways_around(template: Template) -> list[str]:
    """Nothing lets a function get at what its own policy does not name: no calls of functions with their answers, no
    grants, no roles or policies that it could take on or change, no trust in anybody but Lambda.
    """
    doors = ("lambda:", "iam:", "sts:", "kms:CreateGrant", "kms:PutKeyPolicy", "kms:ReEncrypt", "kms:RetireGrant")
    found = [
        f"{role} may {action}"
        for role, actions, _ in statements(template)
        for action in actions
        if action.startswith(doors)
    ]
    for role, one in of_type(template, "AWS::IAM::Role").items():
        trusted = [statement["Principal"] for statement in one["AssumeRolePolicyDocument"]["Statement"]]
        if trusted != [{"Service": "lambda.amazonaws.com"}]:
            found.append(f"{role} trusts {trusted}")
    found += [
        f"{key} is open to {statement['Principal']}"
        for key, one in of_type(template, "AWS::KMS::Key").items()
        for statement in one["KeyPolicy"]["Statement"]
        if not str(statement["Principal"]).endswith(":root'}}")
    ]
    for name, one in of_type(template, "AWS::Lambda::Permission").items():
        if one["Principal"] not in {"apigateway.amazonaws.com", "events.amazonaws.com"} or "SourceArn" not in one:
            found.append(f"{name} lets {one['Principal']} call")
    return found


def served(template: Template) -> dict[tuple[str, str], str]:
    """(METHOD, path) of the gateway → the function that serves it."""
    paths = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    return {
        (method.upper(), path): name
        for path, operations in paths.items()
        for method, operation in operations.items()
        if "x-amazon-apigateway-integration" in operation and method != "options"
        for name in references(operation["x-amazon-apigateway-integration"]["uri"]) - {"AWS"}
    }


def may_be_called_for(template: Template) -> set[tuple[str, str]]:
    """(function, METHOD and path with stars) that the gateway may call; ``/*`` is everything."""
    found = set()
    for one in of_type(template, "AWS::Lambda::Permission").values():
        (name,) = references(one["FunctionName"])
        source = one["SourceArn"]["Fn::Sub"]
        text = source if isinstance(source, str) else source[0]
        found.add((name, text.partition("${RestAPI}/*/")[2] or "/*"))
    return found
