"""What of the dependencies never runs in a Lambda, and so is left out of the package, and what is packed tighter."""

import fnmatch
import gzip
from pathlib import Path

#: AWS services whose descriptions botocore keeps: those the functions and the operator's code call.
SERVICES = frozenset({"dynamodb", "events", "kms", "s3", "sqs", "sts"})

#: Patterns over paths relative to the tree, each with its reason.
type Reasons = tuple[tuple[str, str], ...]

NEVER_RUN: Reasons = (
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
    ("aws_lambda_powertools/metrics/provider/datadog/*", "metrics go to CloudWatch, and our Journal writes them"),
    ("aws_lambda_powertools/utilities/auth_alpha/*", "alpha, not used"),
    ("aws_lambda_powertools/utilities/batch/*", "which messages failed is our own answer"),
    ("aws_lambda_powertools/utilities/circuit_breaker/*", "retries and their bounds are our own client's"),
    ("aws_lambda_powertools/utilities/data_classes/*", "Chalice and our entry points read events"),
    ("aws_lambda_powertools/utilities/data_masking/*", "sealing is our own"),
    ("aws_lambda_powertools/utilities/feature_flags/*", "policies and rules are the switches"),
    ("aws_lambda_powertools/utilities/idempotency/*", "0.6 s of cold start; repeats are answered by our own store"),
    ("aws_lambda_powertools/utilities/kafka/*", "no Kafka"),
    ("aws_lambda_powertools/utilities/metadata/*", "nothing asks which zone it runs in"),
    ("aws_lambda_powertools/utilities/parameters/*", "settings are environment variables"),
    ("aws_lambda_powertools/utilities/parser/*", "needs pydantic, which is not shipped"),
    ("aws_lambda_powertools/utilities/streaming/*", "no S3 streams"),
    ("aws_lambda_powertools/utilities/typing/*", "for type checkers"),
    ("aws_lambda_powertools/utilities/validation/*", "needs fastjsonschema, which is not shipped"),
    ("boto3/crt.py", "needs awscrt, which is not shipped"),
    ("boto3/examples/*", "for readers"),
    ("botocore/crt/auth.py", "needs awscrt, which is not shipped"),
    ("botocore/data/*/examples-1.json", "for botocore's manual; no client reads it"),
    ("dateutil/zoneinfo/*", "zones of 2024; Python's own zoneinfo reads those of tzdata"),
    ("phonenumbers/shortdata/region_*", "short numbers are nobody's, and never looked up"),
    ("s3transfer/crt.py", "needs awscrt, which is not shipped"),
    ("tzdata/zoneinfo/tzdata.zi", "the source that the zones beside it were compiled from"),
    ("tzdata/zoneinfo/*.tab", "zones by country, for people who choose one"),
    ("tzdata/zoneinfo/leapseconds", "Python counts none"),
    ("urllib3/contrib/emscripten/*", "for Python in a browser"),
    ("urllib3/contrib/socks.py", "needs PySocks, which is not shipped"),
)

#: Read by botocore as `.json.gz` too, as its services' descriptions are: 50 KB instead of 1.25 MB, none of them lost.
COMPRESSED = frozenset({"botocore/data/endpoints.json"})


def reason_to_drop(path: str, further: Reasons = ()) -> str | None:
    """Why the file at `path` (posix, relative to the dependency tree) is left out, or None if it ships.

    `further` are patterns of one layer, beside those for every package.
    """
    parts = path.split("/")
    if "__pycache__" in parts:
        return "bytecode of the machine that packages; ours is compiled afresh"
    if parts[:2] in (["botocore", "data"], ["boto3", "data"]) and len(parts) > 3 and parts[2] not in SERVICES:
        return "a service that is never called"
    if path in COMPRESSED:
        return "its .gz is read as well"
    return next((reason for pattern, reason in (*NEVER_RUN, *further) if fnmatch.fnmatchcase(path, pattern)), None)


def prune(tree: Path, further: Reasons = ()) -> None:
    """Delete from `tree`, in place, every file that has a reason to be dropped, and the folders left empty.

    Of the files of COMPRESSED there, the `.gz` stays: the same bytes on any day.
    """
    for name in sorted(COMPRESSED):
        if (tree / name).exists():
            (tree / f"{name}.gz").write_bytes(gzip.compress((tree / name).read_bytes(), mtime=0))
    for path in sorted(tree.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif reason_to_drop(path.relative_to(tree).as_posix(), further):
            path.unlink()
