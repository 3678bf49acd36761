"""The gateway's routes that have a function of their own lead to it in the packaged template.

Chalice makes one function of all routes. What it writes is left as it is, but for the integrations of these routes;
and the gateway may call each of these functions for its own routes only.
"""

import copy
import re
from collections.abc import Mapping
from typing import Any

from infra.failures import Failure

Template = dict[str, Any]
Routes = Mapping[tuple[str, str], str]

_URI = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${%s.Arn}/invocations"
_MAY_CALL = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${RestAPI}/*/%s%s"


def resource_name(function: str) -> str:
    """The template's name of a function of ours, as Chalice makes it."""
    return "".join(part.title() for part in function.split("_"))


def split(template: Template, routes: Routes) -> Template:
    """The template with these routes led to their functions.

    Raises Failure for a route or function that it does not have: the route would stay with a role that must not serve it.
    """
    led = copy.deepcopy(template)
    resources = led["Resources"]
    paths = resources["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    for (method, path), function in sorted(routes.items()):
        name, operation = resource_name(function), paths.get(path, {}).get(method.lower())
        if operation is None:
            raise Failure(f"{method} {path} shall lead to {function}, but the app has no such route.")
        if resources.get(name, {}).get("Type") != "AWS::Serverless::Function":
            raise Failure(f"{method} {path} shall lead to {function}, but the app has no such function.")
        operation["x-amazon-apigateway-integration"]["uri"] = {"Fn::Sub": _URI % name}
        resources[permission_name(method, path, name)] = _permission(method, path, name)
    return led


def permission_name(method: str, path: str, resource: str) -> str:
    """The template's name of what lets the gateway call a function for a route."""
    words = re.findall(r"[A-Za-z0-9]+", path)
    return resource + "".join(word.title() for word in (method, *words)) + "Permission"


def _permission(method: str, path: str, resource: str) -> dict[str, Any]:
    route = re.sub(r"\{[^}]*\}", "*", path)
    return {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "FunctionName": {"Ref": resource},
            "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": {"Fn::Sub": _MAY_CALL % (method, route)},
        },
    }
