import json

import pytest

from app.core.model import Card, Cards, Media, MediaKind, Opaque, Part, Position, Text, Transfer
from app.platforms.weibo.parts import Form, form_of, part_of, url_encoded


def test_blanks_are_written_so_that_every_decoder_reads_them() -> None:
    assert url_encoded(Form("text", '{"text":"a b+c/d"}')) == "%7B%22text%22%3A%22a%20b%2Bc%2Fd%22%7D"


@pytest.mark.parametrize("part", [Media(MediaKind.IMAGE, "m"), Transfer(), Opaque("x")])
def test_has_no_form_for(part: Part) -> None:
    assert form_of(part) is None


@pytest.mark.parametrize(
    ("type_name", "data", "part"),
    [
        pytest.param("text", {"text": "您好", "more": [1]}, Text("您好"), id="unknown fields are dropped"),
        pytest.param(
            "articles", {"articles": [{"display_name": "题"}]}, Cards((Card("题"),)), id="a card of one title"
        ),
        pytest.param(
            "position",
            {"longitude": 116.3, "latitude": -39},
            Position("116.3", "-39"),
            id="numbers for degrees",
        ),
    ],
)
def test_reads(type_name: str, data: object, part: Part) -> None:
    assert part_of(type_name, json.dumps(data)) == part


@pytest.mark.parametrize("degrees", ["", "1e3", "NaN", True, None, "12.", "1" * 9])
def test_degrees_that_are_none(degrees: object) -> None:
    with pytest.raises(ValueError, match="longitude is no number of degrees"):
        part_of("position", json.dumps({"longitude": degrees, "latitude": "1"}))
