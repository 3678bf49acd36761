"""What of the dependencies never runs in a Lambda, and so is left out of the package."""

import fnmatch
from pathlib import Path

#: AWS services whose descriptions botocore keeps: those the functions and the operator's code call.
SERVICES = frozenset({"dynamodb", "events", "kms", "s3", "sqs", "sts"})

#: Patterns over paths relative to the tree, each with its reason.
NEVER_RUN: tuple[tuple[str, str], ...] = (
    ("bin/*", "console scripts"),
    ("*.pyi", "for type checkers"),
    ("*/py.typed", "for type checkers"),
    ("*/tests/*", "tests of others"),
    ("*/test/*", "tests of others"),
    ("*.dist-info/RECORD", "pip's list of installed files, untrue after pruning"),
    ("*.dist-info/sboms/*", "for auditors of the wheel; the wheel itself is pinned"),
    ("cffi/*", "builds extensions; running one needs only _cffi_backend"),
    ("cffi-*.dist-info/*", "goes with cffi"),
    ("pycparser/*", "cffi's parser, used when building"),
    ("pycparser-*.dist-info/*", "goes with pycparser"),
    ("aws_lambda_powertools/event_handler/*", "Chalice routes"),
    ("aws_lambda_powertools/utilities/parser/*", "needs pydantic, which is not shipped"),
    ("aws_lambda_powertools/utilities/kafka/*", "no Kafka"),
    ("aws_lambda_powertools/utilities/auth_alpha/*", "alpha, not used"),
    ("aws_lambda_powertools/utilities/data_masking/*", "sealing is our own"),
    ("aws_lambda_powertools/utilities/streaming/*", "no S3 streams"),
)


def reason_to_drop(path: str) -> str | None:
    """Why the file at `path` (posix, relative to the dependency tree) is left out, or None if it ships."""
    parts = path.split("/")
    if "__pycache__" in parts:
        return "bytecode of the machine that packages; ours is compiled afresh"
    if parts[:2] in (["botocore", "data"], ["boto3", "data"]) and len(parts) > 3 and parts[2] not in SERVICES:
        return "a service that is never called"
    return next((reason for pattern, reason in NEVER_RUN if fnmatch.fnmatchcase(path, pattern)), None)


def prune(tree: Path) -> None:
    """Delete from `tree`, in place, every file that has a reason to be dropped, and the folders left empty."""
    for path in sorted(tree.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif reason_to_drop(path.relative_to(tree).as_posix()):
            path.unlink()
