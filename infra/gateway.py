"""Authorizers on the emulator: its import of an API reads the routes and drops what guards them.

The template says it all in its swagger, as AWS reads it; this says it once more through the emulator's own API, and
refuses to go on while one route that should be guarded is open.
"""

import re
from typing import Any

from infra import emulator
from infra.failures import Failure

Swagger = dict[str, Any]
METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})


def guarded(swagger: Swagger) -> dict[tuple[str, str], str]:
    """The authorizer's name of every (path, METHOD) that has one."""
    return {
        (path, method.upper()): next(iter(operation["security"][0]))
        for path, operations in swagger["paths"].items()
        for method, operation in operations.items()
        if method in METHODS and operation.get("security")
    }


def _arn(name: str, stack_name: str, port: int) -> str:
    stack = emulator.client("cloudformation", port)
    detail = stack.describe_stack_resource(StackName=stack_name, LogicalResourceId=name)["StackResourceDetail"]
    function = emulator.client("lambda", port).get_function_configuration(FunctionName=detail["PhysicalResourceId"])
    arn: str = function["FunctionArn"]
    return arn


def _uri(written: dict[str, str], stack_name: str, port: int) -> str:
    """The authorizer's URI with the template's substitutions done."""
    text = written["Fn::Sub"].replace("${AWS::Partition}", "aws").replace("${AWS::Region}", emulator.REGION)
    return re.sub(r"\$\{(\w+)\.Arn\}", lambda match: _arn(match[1], stack_name, port), text)


def _authorizers(swagger: Swagger, api_id: str, stack_name: str, port: int) -> dict[str, str]:
    """The ids of all authorizers by name; those missing are made."""
    api = emulator.client("apigateway", port)
    ids = {found["name"]: found["id"] for found in api.get_authorizers(restApiId=api_id)["items"]}
    for name, definition in swagger.get("securityDefinitions", {}).items():
        settings = definition.get("x-amazon-apigateway-authorizer")
        if settings and name not in ids:
            made = api.create_authorizer(
                restApiId=api_id,
                name=name,
                type=settings["type"].upper(),
                authorizerUri=_uri(settings["authorizerUri"], stack_name, port),
                identitySource=f"method.request.header.{definition['name']}",
                authorizerResultTtlInSeconds=settings.get("authorizerResultTtlInSeconds", 300),
            )
            ids[name] = made["id"]
    return ids


def guard(swagger: Swagger, api_id: str, stack_name: str, port: int) -> None:
    """Put every route's authorizer before it.

    Raises Failure when a guarded route stays open: a local cloud that lets everybody in proves nothing.
    """
    api = emulator.client("apigateway", port)
    ids = _authorizers(swagger, api_id, stack_name, port)
    wanted = guarded(swagger)
    pages = api.get_paginator("get_resources").paginate(restApiId=api_id)
    resources = {resource["path"]: resource["id"] for page in pages for resource in page["items"]}
    for (path, method), authorizer in wanted.items():
        changes = {"/authorizationType": "CUSTOM", "/authorizerId": ids[authorizer]}
        operations = [{"op": "replace", "path": name, "value": value} for name, value in changes.items()]
        place = {"restApiId": api_id, "resourceId": resources[path], "httpMethod": method}
        api.update_method(**place, patchOperations=operations)
        if api.get_method(**place)["authorizationType"] != "CUSTOM":
            raise Failure(f"The emulator leaves {method} {path} open to everybody; nothing is served.")
