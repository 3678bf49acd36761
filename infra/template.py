"""The template fragments become one document for `chalice package --merge-template`."""

from pathlib import Path
from typing import Any

import yaml

from infra.failures import Failure

Template = dict[str, Any]


def merged(first: Template, second: Template, where: str = "") -> Template:
    """Both documents as one.

    Raises Failure when both say something different about the same thing: fragments add, they do not override.
    """
    result = dict(first)
    for key, value in second.items():
        path = f"{where}/{key}"
        if key not in result or result[key] == value:
            result[key] = value
        elif isinstance(result[key], dict) and isinstance(value, dict):
            result[key] = merged(result[key], value, path)
        else:
            raise Failure(f"Two template fragments disagree about {path}: keep one of them.")
    return result


def fragments(folder: Path) -> Template:
    """All YAML fragments of `folder` as one template.

    Raises Failure for a file that is no mapping or contradicts another.
    """
    whole: Template = {}
    for path in sorted(folder.glob("*.yaml")):
        document = yaml.safe_load(path.read_text())
        if not isinstance(document, dict):
            raise Failure(f"{path.name} is not a template fragment: it must be a mapping.")
        whole = merged(whole, document)
    return whole
