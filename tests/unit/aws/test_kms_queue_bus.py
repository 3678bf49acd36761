import json
from base64 import b64encode

import pytest

from chalicelib.aws.api_errors import ApiError
from chalicelib.aws.bus import Bus, BusEvent
from chalicelib.aws.kms import Kms
from chalicelib.aws.queue import Message, Queue
from chalicelib.kernel.errors import TooLarge, Unavailable
from chalicelib.privacy.seal_broken import SealBroken

from .conftest import answer

KEY = b64encode(b"key").decode()
CONTEXT = {"tenant": "t_1"}


def refusal(code):
    return answer({"__type": code}, 400)


def test_kms__encrypt_and_decrypt__carry_key_and_context(api, server):
    """Every call names its key and context, so that grants can be narrow."""
    server.script = [answer({"CiphertextBlob": KEY}), answer({"Plaintext": KEY})]
    kms = Kms(api)
    assert kms.encrypt("K", b"clear", CONTEXT) == b"key"
    assert kms.decrypt("K", b"blob", CONTEXT) == b"key"
    assert server.bodies() == [
        {"KeyId": "K", "Plaintext": b64encode(b"clear").decode(), "EncryptionContext": CONTEXT},
        {"KeyId": "K", "CiphertextBlob": b64encode(b"blob").decode(), "EncryptionContext": CONTEXT},
    ]


@pytest.mark.parametrize("code", ["InvalidCiphertextException", "IncorrectKeyException"])
def test_kms__wrong_blob__is_a_broken_seal(api, server, code):
    """Changed bytes or another context will never open."""
    server.script = [refusal(code)]
    with pytest.raises(SealBroken):
        Kms(api).decrypt("K", b"blob", CONTEXT)


@pytest.mark.parametrize("code", ["DisabledException", "KMSInvalidStateException", "AccessDeniedException"])
def test_kms__key_cannot_be_used__is_unavailable(api, server, code):
    """A disabled key may come back: work waits."""
    server.script = [refusal(code), refusal(code)]
    with pytest.raises(Unavailable, match="key_unavailable"):
        Kms(api).decrypt("K", b"blob", CONTEXT)
    with pytest.raises(Unavailable):
        Kms(api).encrypt("K", b"clear", CONTEXT)


def test_queue__more_than_ten__go_in_batches_with_attributes(api, server):
    """SQS takes ten messages a call."""
    queue = Queue(api, message_limit_bytes=1000)
    queue.send("http://q", [Message(f"m{n}", {"tenant": "t_1"}) for n in range(12)])
    sizes = [[entry["MessageBody"] for entry in body["Entries"]] for body in server.bodies()]
    assert sizes == [[f"m{n}" for n in range(10)], ["m10", "m11"]]
    first = server.bodies()[0]["Entries"][0]
    assert first["MessageAttributes"] == {"tenant": {"DataType": "String", "StringValue": "t_1"}}
    assert server.bodies()[0]["QueueUrl"] == "http://q"


def test_queue__delayed_message__says_for_how_long(api, server):
    """A message may be kept back; the others go at once."""
    Queue(api, message_limit_bytes=1000).send("http://q", [Message("a", delay_seconds=20), Message("b")])
    first, second = server.bodies()[0]["Entries"]
    assert first["DelaySeconds"] == 20 and "DelaySeconds" not in second


def test_queue__asked_how_many_wait__answers_a_number(api, server):
    """Whoever sends much looks how much is there."""
    server.script = [answer({"Attributes": {"ApproximateNumberOfMessages": "17"}})]
    assert Queue(api, message_limit_bytes=1000).waiting("http://q") == 17


def test_queue__large_messages__are_split_by_bytes(api, server):
    """A batch as a whole has the limit of one message."""
    Queue(api, message_limit_bytes=100).send("q", [Message("x" * 60), Message("y" * 60), Message("z" * 30)])
    assert [len(body["Entries"]) for body in server.bodies()] == [1, 2]


def test_queue__one_message_too_large__sends_nothing(api, server):
    """Too large is said before a part is sent, with the limit (bad input 2)."""
    with pytest.raises(TooLarge, match="100"):
        Queue(api, message_limit_bytes=100).send("q", [Message("a"), Message("漢" * 34)])
    assert server.requests == []


def test_queue__some_fail__are_sent_again_alone(api, server):
    """Only what failed is repeated."""
    server.script = [answer({"Failed": [{"Id": "1", "SenderFault": False, "Code": "InternalError"}]}), answer({})]
    Queue(api, message_limit_bytes=1000).send("q", [Message("a"), Message("b")])
    assert [entry["MessageBody"] for entry in server.bodies()[1]["Entries"]] == ["b"]


def test_queue__some_fail_for_good__is_unavailable(api, server):
    """The door must not answer 202 for what did not reach the queue."""
    server.script = [answer({"Failed": [{"Id": "0", "SenderFault": False}]})] * 9
    with pytest.raises(Unavailable, match="throttled"):
        Queue(api, message_limit_bytes=1000).send("q", [Message("a")])


def test_queue__our_fault__is_raised(api, server):
    """A message that SQS will never take is not repeated."""
    server.script = [answer({"Failed": [{"Id": "0", "SenderFault": True, "Code": "InvalidMessageContents"}]})]
    with pytest.raises(ApiError, match="InvalidMessageContents"):
        Queue(api, message_limit_bytes=1000).send("q", [Message("a")])


def test_queue__nothing_to_send__calls_nobody(api, server):
    """An empty batch costs nothing."""
    Queue(api, message_limit_bytes=1000).send("q", [])
    assert server.requests == []


def test_message__printed__shows_its_size():
    """A message's text never stands in a log."""
    message = Message("secret", {"tenant": "t"})
    assert repr(message) == f"<message of {len('secret') + len('tenant') + len('String') + 1} bytes>"


def test_bus__events__go_with_source_and_kind(api, server):
    """Subscribers filter by source and kind."""
    Bus(api, "zhiyin").put_events([BusEvent("tag.set", {"profile_id": "p_1"})] * 11)
    first, second = server.bodies()
    assert (len(first["Entries"]), len(second["Entries"])) == (10, 1)
    entry = first["Entries"][0]
    assert json.loads(entry.pop("Detail")) == {"profile_id": "p_1"}
    assert entry == {"EventBusName": "zhiyin", "Source": "zhiyin", "DetailType": "tag.set"}


def test_bus__some_fail__are_published_again_alone(api, server):
    """Only what failed is repeated."""
    outcome = {"FailedEntryCount": 1, "Entries": [{"EventId": "1"}, {"ErrorCode": "ThrottlingException"}]}
    server.script = [answer(outcome), answer({"FailedEntryCount": 0})]
    Bus(api, "b").put_events([BusEvent("a", {}), BusEvent("b", {})])
    assert [entry["DetailType"] for entry in server.bodies()[1]["Entries"]] == ["b"]


def test_bus__fails_for_good__is_unavailable(api, server):
    """A change that could not be published is not forgotten silently."""
    server.script = [answer({"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]})] * 9
    with pytest.raises(Unavailable):
        Bus(api, "b").put_events([BusEvent("a", {})])
    assert repr(BusEvent("a", {"x": 1})) == "<bus event a>"
