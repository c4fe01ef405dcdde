"""Labelled replies are read whole, or refused with every problem of every file at once."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from app.core.errors import ConfigError
from app.core.evaluation import Label
from app.core.model import Category, Conversation, Reply
from app.loading.labelled import load_labelled

HELD = {"text": "就你话多", "context": "催办", "hold": True, "labels": ["mockery.gag", "tone.cold"]}
PASSED = {"text": "您好", "context": "", "hold": False, "labels": []}
ALIKE = {"text": "请保持安静", "context": "", "hold": False, "labels": ["like:mockery.gag"]}


def write(file: Path, *lines: dict[str, Any] | bytes) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    raw = [one if isinstance(one, bytes) else json.dumps(one, ensure_ascii=False).encode() for one in lines]
    file.write_bytes(b"\n".join(raw) + b"\n")
    return file


def test_lines_are_read_in_order_with_their_place(tmp_path: Path) -> None:
    file = write(tmp_path / "x.jsonl", HELD, b"", PASSED, ALIKE)
    held, passed, alike = load_labelled([file])
    assert (held.reply, held.conversation, held.hold) == (
        Reply.of("就你话多"),
        Conversation("催办"),
        True,
    )
    assert held.labels == (Label(Category.MOCKERY, "gag"), Label(Category.TONE, "cold"))
    assert (passed.hold, passed.labels) == (False, ())
    assert (alike.hold, alike.labels) == (False, (Label(Category.MOCKERY, "gag"),))
    assert [(one.file, one.line) for one in (held, passed, alike)] == [
        (file.as_posix(), line) for line in (1, 3, 4)
    ]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"\xef\xbb\xbf" + json.dumps(HELD).encode(), id="a byte order mark"),
        pytest.param(json.dumps(HELD).encode() + b"\r", id="line ends of Windows"),
        pytest.param({**HELD, "id": 7, "note": "…"}, id="keys of the writer's own"),
        pytest.param({**HELD, "context": {"message": "催办"}}, id="a conversation"),
        pytest.param(
            json.dumps({**HELD, "note": "\u2028"}, ensure_ascii=False).encode(), id="a line end in a text"
        ),
    ],
)
def test_read_all_the_same(tmp_path: Path, line: dict[str, Any] | bytes) -> None:
    (one,) = load_labelled([write(tmp_path / "x.jsonl", line)])
    assert (one.reply.text, one.conversation.message) == ("就你话多", "催办")


def test_without_context(tmp_path: Path) -> None:
    (one,) = load_labelled(
        [write(tmp_path / "x.jsonl", {"text": "哦", "hold": True, "labels": ["tone.cold"]})]
    )
    assert one.conversation == Conversation()


def test_of_a_folder_every_file_in_it_and_below_once(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl", "deep/c.jsonl", "notes.txt"):
        write(tmp_path / name, {**HELD, "text": name})
    read = load_labelled([tmp_path / "b.jsonl", tmp_path])
    assert [one.reply.text for one in read] == ["b.jsonl", "a.jsonl", "deep/c.jsonl"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        pytest.param(b"{", "Invalid JSON", id="half an object"),
        pytest.param(b"[]", "should be an object", id="no object"),
        pytest.param(b"[" * 50_000, "Invalid JSON", id="too deep"),
        pytest.param(b'{"text": "secret\xff"}', "Invalid JSON", id="no UTF-8"),
        pytest.param({"context": "", "hold": True, "labels": []}, "text: Field required", id="no text"),
        pytest.param({"text": "secret", "labels": []}, "hold: Field required", id="no hold"),
        pytest.param({"text": "secret", "hold": True, "label": []}, "labels: Field required", id="misspelt"),
        pytest.param(
            {**HELD, "hold": "yes"}, "hold: Input should be a valid boolean, found 'yes'", id="hold"
        ),
        pytest.param({**HELD, "hold": 1}, "hold: Input should be a valid boolean, found 1", id="a number"),
        pytest.param({**HELD, "text": 3}, "text: Input should be a valid string, found int", id="text"),
        pytest.param({**HELD, "labels": "tone.cold"}, "labels: Input should be a valid array", id="no list"),
        pytest.param({**HELD, "labels": ["rude.cold"]}, "found 'rude.cold'", id="no such category"),
        pytest.param(
            {**HELD, "labels": ["system.empty"]}, "found 'system.empty'", id="no category for words"
        ),
        pytest.param({**HELD, "labels": ["tone"]}, "expected a subclass of tone: shirking", id="no subclass"),
        pytest.param({**HELD, "labels": ["tone.a.b"]}, "found 'tone.a.b'", id="too many parts"),
        pytest.param(
            {**HELD, "labels": ["like:tone.cold"]}, "expected no like: before", id="held and only alike"
        ),
        pytest.param({**PASSED, "labels": ["tone.cold"]}, "expected like: before", id="labelled and passing"),
    ],
)
def test_a_broken_line_is_told_with_its_place_and_not_quoted(
    tmp_path: Path, line: dict[str, Any] | bytes, told: str
) -> None:
    file = write(tmp_path / "x.jsonl", PASSED, line, PASSED)
    with pytest.raises(ConfigError) as caught:
        load_labelled([file])
    (problem,) = str(caught.value).splitlines()
    assert problem.startswith(f"{file}:2: ")
    assert told in problem
    assert "secret" not in problem


def test_all_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    first = write(tmp_path / "a.jsonl", {"text": "x", "hold": "no", "labels": ["?"]}, b"{")
    second = write(tmp_path / "b.jsonl", b"{}")
    missing, empty = tmp_path / "none.jsonl", tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ConfigError) as caught:
        load_labelled([second, first, missing, empty])
    places = [line.partition(": ")[0] for line in str(caught.value).splitlines()]
    assert places == [
        *(f"{first}:1", f"{first}:1", f"{first}:2"),
        *(f"{second}:1", f"{second}:1", f"{second}:1"),
        str(empty),
        str(missing),
    ]


def test_no_line_at_all_is_nothing_to_measure(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="found none"):
        load_labelled([write(tmp_path / "x.jsonl", b"")])


def test_the_lines_in_the_guide_are_sound(tmp_path: Path) -> None:
    guide = Path(__file__).parents[2] / "docs" / "rules.md"
    (lines,) = re.findall(r"```json\n(.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL)
    assert [one.hold for one in load_labelled([write(tmp_path / "x.jsonl", lines.encode())])] == [
        True,
        False,
        False,
    ]
