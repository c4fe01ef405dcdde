from collections.abc import AsyncIterator, Sequence

import pytest

from app.bots.events import Event, events_of, lines_of
from app.core.errors import BotMalformed


async def _chunks(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def _events(*pieces: bytes) -> list[Event]:
    return [event async for event in events_of(_chunks(pieces))]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        pytest.param(b"data: a\n\ndata: b\n\n", [("", "a"), ("", "b")], id="two events"),
        pytest.param(b"data: a\r\n\r\ndata: b\r\n\r\n", [("", "a"), ("", "b")], id="CRLF"),
        pytest.param(b"data: a\r\rdata: b\r\r", [("", "a"), ("", "b")], id="CR alone"),
        pytest.param(b"data: a\ndata: b\n\n", [("", "a\nb")], id="data of several lines"),
        pytest.param(b"data:a\ndata:  b\n\n", [("", "a\n b")], id="one space is no part of the value"),
        pytest.param(b": hello\n\n:\n\ndata: a\n\n", [("", "a")], id="comments keep a connection alive"),
        pytest.param(b"event: ping\n\ndata: a\n\n", [("", "a")], id="an event without data is none"),
        pytest.param(b"event: message\nid: 1\nretry: 9\ndata: a\n\n", [("message", "a")], id="a named event"),
        pytest.param(
            b"event: x\ndata: a\n\ndata: b\n\n", [("x", "a"), ("", "b")], id="a name is for one event"
        ),
        pytest.param(b"data\n\n", [("", "")], id="a field without a value"),
        pytest.param(b"database: x\ndata: a\n\n", [("", "a")], id="a longer word is another field"),
        pytest.param(b"\xef\xbb\xbfdata: a\n\n", [("", "a")], id="a mark of byte order"),
        pytest.param("data: a\u2028b\x85c\n\n".encode(), [("", "a\u2028b\x85c")], id="no other line ends"),
        pytest.param(b"data: a\n\ndata: b", [("", "a")], id="the last is unfinished"),
        pytest.param(b"", [], id="nothing"),
    ],
)
async def test_events(stream: bytes, events: list[tuple[str, str]]) -> None:
    expected = [Event(*event) for event in events]
    assert await _events(stream) == expected
    assert await _events(*(bytes([byte]) for byte in stream)) == expected


async def test_characters_are_put_together_again() -> None:
    stream = "data: 办事大厅😀\n\n".encode()
    for cut in range(len(stream)):
        assert await _events(stream[:cut], stream[cut:]) == [Event("", "办事大厅😀")]


@pytest.mark.parametrize(
    "stream",
    [pytest.param(b"data: \xff\n\n", id="no UTF-8"), pytest.param(b"data: a\n\n\xe5\x8a", id="half")],
)
async def test_what_is_not_utf_8(stream: bytes) -> None:
    with pytest.raises(BotMalformed) as caught:
        await _events(stream)
    assert caught.value.code == "no-text"


@pytest.mark.parametrize(
    ("stream", "lines"),
    [
        pytest.param(b"a\nb\n", ["a", "b"], id="ended"),
        pytest.param(b"a\nb", ["a", "b"], id="the last line lacks its end"),
        pytest.param(b"a\r\nb\r", ["a", "b"], id="a return at the very end"),
        pytest.param(b"a\n\nb", ["a", "", "b"], id="an empty line"),
    ],
)
async def test_lines(stream: bytes, lines: list[str]) -> None:
    assert [line async for line in lines_of(_chunks([stream]))] == lines
    assert [line async for line in lines_of(_chunks([bytes([byte]) for byte in stream]))] == lines
