import io
import json
import subprocess
import sys

import pytest

from chalicelib.aws.observability import Journal
from chalicelib.kernel.errors import BadInput

CANARY = "13987654321"


@pytest.fixture
def stream():
    return io.StringIO()


@pytest.fixture
def journal(stream, request):
    return Journal(request.node.name, stream=stream, now=lambda: 1_700_000_000.5)


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_note__ids__stand_in_one_json_line(journal, stream):
    """A log line is a code and ids."""
    journal.note("event_applied", tenant="t_1", profile_id="p_abc", count=3, service="dynamodb")
    journal.warn("event_refused", code="bad_time")
    first, second = lines(stream)
    assert first["message"] == "event_applied"
    assert (first["tenant"], first["profile_id"], first["count"]) == ("t_1", "p_abc", 3)
    assert first["called_service"] == "dynamodb"
    assert first["location"].startswith("test_note__")
    assert second["level"] == "WARNING"


def test_note__value_that_is_no_id__is_hidden(journal, stream):
    """What a customer sent does not reach a log even in the place of an id, nor under another name."""
    journal.note("x", message_id=CANARY, tenant="a\nforged", source="张三", route=None, text=CANARY)
    assert CANARY not in stream.getvalue()
    (line,) = lines(stream)
    assert (line["message_id"], line["tenant"], line["source"], line["route"]) == ("?", "?", "?", "?")
    assert "text" not in line


def test_fault__exception_that_quotes_a_value__shows_class_code_and_places_only(journal, stream):
    """Exceptions of others quote what they choked on; their text is dropped, causes included."""

    def fail():
        try:
            int(f"x{CANARY}")
        except ValueError as error:
            raise BadInput("bad_time", f"quoted {CANARY}") from error

    try:
        fail()
    except BadInput as error:
        error.add_note(CANARY)
        journal.fault("ingest_failed", error, event_key="ab12")
    assert CANARY not in stream.getvalue()
    (line,) = lines(stream)
    assert (line["error"], line["error_code"], line["level"]) == ("BadInput", "bad_time", "ERROR")
    assert any("test_observability.py" in place for place in line["places"])
    assert "exception" not in line
    assert "stack_trace" not in line


def test_fault__foreign_exception__has_no_code(journal, stream):
    """Only our own errors have codes."""
    journal.fault("x", KeyError(CANARY))
    (line,) = lines(stream)
    assert line["error"] == "KeyError"
    assert "error_code" not in line
    assert CANARY not in stream.getvalue()


def test_flush__counted_metrics__are_one_line_of_the_embedded_format(journal, stream, request):
    """CloudWatch makes metrics of the line; the next invocation starts from nothing."""
    journal.count("EventsApplied", 2)
    journal.count("EventsApplied")
    journal.count("Lag", 12.5, "Milliseconds")
    journal.flush()
    journal.flush()
    (line,) = lines(stream)
    assert line == {
        "_aws": {
            "Timestamp": 1_700_000_000_500,
            "CloudWatchMetrics": [
                {
                    "Namespace": "Zhiyin",
                    "Dimensions": [["function"]],
                    "Metrics": [{"Name": "EventsApplied", "Unit": "Count"}, {"Name": "Lag", "Unit": "Milliseconds"}],
                }
            ],
        },
        "function": request.node.name,
        "EventsApplied": 3,
        "Lag": 12.5,
    }


def test_import__journal__does_not_load_boto3():
    """A Lambda's cold start does not pay for a client it does not use."""
    code = "import sys, chalicelib.aws.observability, chalicelib.aws.json_api; sys.exit('boto3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
