import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.aws import http_answer
from chalicelib.aws.http_answer import BrokenAnswer, read_answer

LENGTH = b"HTTP/1.1 200 OK\r\nX-Amzn-Requestid: 1\r\nContent-Length: 5\r\n\r\nhello"
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;ext=1\r\nlo\r\n0\r\nTrailer: x\r\n\r\n"
ANNOUNCED = b"HTTP/1.1 100 Continue\r\n\r\n" + LENGTH
TO_THE_END = b"HTTP/1.1 200 OK\r\n\r\nhello"
OLD = b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def read(*parts):
    waiting = list(parts[1:])
    return read_answer(parts[0], lambda: waiting.pop(0) if waiting else b"")


@pytest.mark.parametrize(
    "whole", [LENGTH, CHUNKS, ANNOUNCED, TO_THE_END, OLD], ids=["length", "chunks", "100", "end", "1.0"]
)
@given(data=st.data())
def test_read_answer__cut_anywhere__reads_the_same(whole, data):
    """How the network cuts an answer does not matter."""
    cuts = sorted(data.draw(st.sets(st.integers(1, len(whole) - 1))))
    parts = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    answer = read(*parts)
    assert (answer.status, answer.body) == (200, b"hello")


@pytest.mark.parametrize(
    ("whole", "last"),
    [
        (LENGTH, False),
        (CHUNKS, False),
        (TO_THE_END, True),
        (OLD, True),
        (OLD.replace(b"OK\r\n", b"OK\r\nConnection: keep-alive\r\n"), False),
        (LENGTH.replace(b"OK\r\n", b"OK\r\nConnection: Close\r\n"), True),
        (LENGTH + b"x", True),
        (CHUNKS + b"x", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", False),
        (b"HTTP/1.1 204 No Content\r\n\r\nx", True),
    ],
)
def test_read_answer__what_follows__decides_whether_it_is_the_last(whole, last):
    """A connection is used again only when the next answer can be told from this one."""
    assert read(whole).last is last


@pytest.mark.parametrize(
    "whole",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5_0\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhel\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nhel\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 70_000,
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"SSH-2.0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x" * 70_000,
    ],
)
def test_read_answer__not_as_services_send_it__is_broken(whole):
    """A malformed or cut answer is a network fault, and never half an answer."""
    with pytest.raises(BrokenAnswer):
        read(whole)


def test_read_answer__endless_body__is_broken(monkeypatch):
    """A body without length is read up to a limit."""
    monkeypatch.setattr("chalicelib.aws.http_answer._LARGEST_BODY_BYTES", 100)
    with pytest.raises(BrokenAnswer):
        read(TO_THE_END, b"x" * 200)


HEADS = (
    ["HTTP/1.1 200 OK", "HTTP/1.1 200 ", "HTTP/1.0 200 OK", "HTTP/1.1 400 Bad", "HTTP/1.1 2000 OK", "HTTP/2 200 OK"],
    [
        "",
        "Content-Length: 5",
        "content-length:5 ",
        "CONTENT-LENGTH:\t5",
        "Content-Length: 6",
        "Content-Length: five",
        "X-Content-Length: 5",
    ],
    [
        "",
        "Connection: keep-alive",
        "Connection: close",
        "connection: Close",
        "Connection: Keep-Alive, close",
        "Transfer-Encoding: chunked",
    ],
    ["", "Content-Length: 5", "Content-Length: 7", "X-Note: content-length: 9", "Date: today"],
)


@given(lines=st.tuples(*map(st.sampled_from, HEADS)), data=st.permutations(range(3)))
def test_read_answer__head_of_any_form__the_short_way_reads_what_the_whole_way_does(lines, data):
    """Nearly every head is read by its length alone: whichever way is gone, the answer or its refusal is the same."""
    told = [lines[1:][place] for place in data]
    whole = "\r\n".join([lines[0], *filter(None, told), "", "hello"]).encode()

    def outcome():
        try:
            answer = read(whole)
        except BrokenAnswer:
            return "broken"
        return answer.status, answer.body, answer.last, answer.headers

    with pytest.MonkeyPatch.context() as patch:
        short = outcome()
        patch.setattr(http_answer, "_plain_length", lambda head: None)
        assert outcome() == short
