import pytest

from app.bots.paths import JsonPath, spelled
from app.core.errors import ConfigError

ANSWER = {
    "answer": "您好",
    "data": {"outputs": {"text": "甲"}, "list": [{"text": "乙", "type": "answer"}, {"text": "丙"}, 7]},
    "办理": [["一", "二"]],
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("answer", ["您好"]),
        ("data.outputs.text", ["甲"]),
        ("data.list[0].text", ["乙"]),
        ("data.list[*].text", ["乙", "丙"]),
        ("办理[0][1]", ["二"]),
        ("办理[*][*]", ["一", "二"]),
        ("", [ANSWER]),
        pytest.param("data.list[9].text", [], id="past the end"),
        pytest.param("answer.text", [], id="a text has no keys"),
        pytest.param("answer[0]", [], id="a text is no list"),
        pytest.param("data[0]", [], id="an object is no list"),
        pytest.param("data.list.text", [], id="a list has no keys"),
        pytest.param("nothing", [], id="not there"),
    ],
)
def test_find(path: str, found: list[object]) -> None:
    assert JsonPath.of(path).find(ANSWER) == found


@pytest.mark.parametrize(
    ("keep", "found"),
    [
        ({"type": "answer"}, ["乙"]),
        ({"type": "follow_up"}, []),
        pytest.param({"other": ""}, [], id="a key that is not there has no value, not even an empty one"),
    ],
)
def test_keep_picks_entries(keep: dict[str, str], found: list[str]) -> None:
    assert JsonPath.of("data.list[*].text").find(ANSWER, keep) == found


@pytest.mark.parametrize(
    ("path", "document", "leads"),
    [
        ("a.b", {"a": {"b": None}}, True),
        ("a.b", {"a": {}}, False),
        pytest.param("[*].text", [], True, id="an empty list is an answer"),
        pytest.param("[*].text", {"status": "failure"}, False, id="an object in place of the list"),
        pytest.param("data[*].text", {"data": [{}]}, False, id="entries of another kind alone"),
        pytest.param("data[*].text", {"data": [{}, {"text": ""}]}, True, id="one among others"),
        pytest.param("data[*].text", {"data": None}, False, id="null in place of the list"),
    ],
)
def test_leads(path: str, document: object, leads: bool) -> None:
    assert JsonPath.of(path).leads(document) is leads


@pytest.mark.parametrize("path", ["a..b", "a[", "a[x]", "a[-1]", "a]", ".", "a[0"])
def test_what_is_no_path(path: str) -> None:
    with pytest.raises(ConfigError):
        JsonPath.of(path)


@pytest.mark.parametrize(
    ("value", "text"),
    [("ok", "ok"), (0, "0"), (0.5, "0.5"), (True, "true"), (None, "null"), ([0], ""), ({"a": 1}, "")],
)
def test_spelled(value: object, text: str) -> None:
    assert spelled(value) == text
