import pytest

from app.core.strict_json import MAX_DEPTH, parse, parse_object


@pytest.mark.parametrize(
    ("body", "value"),
    [
        pytest.param(b'{"a": 1}', {"a": 1}, id="object"),
        pytest.param('{"text": "您好😀"}'.encode(), {"text": "您好😀"}, id="raw UTF-8"),
        pytest.param(b'{"text": "\\ud83d\\ude00"}', {"text": "😀"}, id="a whole surrogate pair"),
        pytest.param(b'{"id": 9223372036854775807}', {"id": 2**63 - 1}, id="int64"),
        pytest.param(b'{"a": {"b": 1}, "b": 2}', {"a": {"b": 1}, "b": 2}, id="one key on two levels"),
    ],
)
def test_reads(body: bytes, value: object) -> None:
    assert parse_object(body) == value


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<xml/>", id="XML"),
        pytest.param(b"[]", id="array"),
        pytest.param(b'"success"', id="text"),
        pytest.param(b'{"a": 1, "a": 2}', id="doubled key"),
        pytest.param(b'{"x": {"a": 1, "\\u0061": 2}}', id="doubled key, one escaped"),
        pytest.param(b'{"a": NaN}', id="NaN"),
        pytest.param(b'{"a": -Infinity}', id="infinity"),
        pytest.param(b'{"a": 1e999}', id="infinity in disguise"),
        pytest.param(b'{"a": "\\ud83d"}', id="half a surrogate pair"),
        pytest.param(b'{"\\ud83d": 1}', id="half a surrogate pair as key"),
        pytest.param(b'{"a": "\xff"}', id="not UTF-8"),
        pytest.param('{"a": 1}'.encode("utf-16"), id="UTF-16"),
        pytest.param(b'{"a": 1} {"a": 1}', id="two of them"),
        pytest.param(b'{"a": ' + b"9" * 5_000 + b"}", id="endless number"),
        pytest.param(b'{"a": ' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}", id="a level too deep"),
        pytest.param(b"[" * 60_000, id="bottomless"),
        pytest.param(b'{"a":' * 20_000 + b"1" + b"}" * 20_000, id="bottomless objects"),
    ],
)
def test_refuses_without_quoting(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"^[^\[{\"]+$"):
        parse_object(body)


def test_the_deepest_allowed() -> None:
    levels = MAX_DEPTH - 1
    assert parse(b"[" * levels + b"]" * levels) is not None
