import pytest

from app.bots.strict import read_json
from app.core.errors import BotMalformed


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"answer": "\xe6\x82\xa8"}', {"answer": "您"}),
        ('["a", null, 1.5]', ["a", None, 1.5]),
        pytest.param(
            '{"a": {"x": 1}, "b": {"x": 2}}', {"a": {"x": 1}, "b": {"x": 2}}, id="same key elsewhere"
        ),
    ],
)
def test_what_is_read(body: bytes | str, value: object) -> None:
    assert read_json(body) == value


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"answer": "shown", "answer": "hidden"}', id="a key twice"),
        pytest.param(b'{"a": [{"b": 1, "b": 1}]}', id="a key twice, deep down"),
        pytest.param(b'{"a": NaN}', id="NaN"),
        pytest.param(b'{"a": -Infinity}', id="infinity"),
        pytest.param(b"[" * 500_000, id="bottomless"),
        pytest.param(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, id="bottomless and closed"),
        pytest.param(b'{"a": 1' + b"0" * 10_000 + b"}", id="a number without end"),
        pytest.param(b"<html>502 Bad Gateway</html>", id="a web page"),
        pytest.param(b"", id="nothing"),
        pytest.param(b'{"answer": "\xff"}', id="not UTF-8"),
        pytest.param('{"answer": "您"}'.encode("utf-16"), id="UTF-16"),
        pytest.param(b'{"answer": "a"} and more', id="something behind it"),
    ],
)
def test_what_is_refused(body: bytes) -> None:
    with pytest.raises(BotMalformed) as caught:
        read_json(body)
    assert caught.value.code == "no-json"
    assert "hidden" not in str(caught.value)
