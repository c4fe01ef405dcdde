from urllib.parse import parse_qsl, quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.strict_form import MAX_FIELDS, parse_form

NAMES = st.from_regex(r"[A-Za-z0-9_.-]{1,40}", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))
WHY = "field|escape|UTF-8|NUL"
PIECES = (
    b"a",
    b"b",
    b"=",
    b"&",
    b"+",
    b"%C2",
    b"\xc2",
    b"%80",
    b"\x80",
    b"%41",
    b"%25",
    "é".encode(),
    b"%C3%A9",
)
"""What escapes and what does not, in halves too."""
FORMS = st.dictionaries(NAMES, TEXTS, max_size=20)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        pytest.param(b"", {}, id="empty"),
        pytest.param(b"type=text&receiver_id=7", {"type": "text", "receiver_id": "7"}, id="plain"),
        pytest.param(b"comment=%E5%A5%BD+%2B1", {"comment": "好 +1"}, id="blanks and escapes"),
        pytest.param("comment=好".encode(), {"comment": "好"}, id="UTF-8 without escapes"),
        pytest.param(b"comment=", {"comment": ""}, id="an empty value"),
        pytest.param(b"data=a=b;c", {"data": "a=b;c"}, id="what separates nothing"),
        pytest.param(b"data=%2541", {"data": "%41"}, id="decoded once"),
    ],
)
def test_reads(body: bytes, fields: dict[str, str]) -> None:
    assert parse_form(body) == fields


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"a=1&a=2", id="doubled"),
        pytest.param(b"a=1&%61=2", id="doubled, one escaped"),
        pytest.param(b"a", id="no value"),
        pytest.param(b"=1", id="no name"),
        pytest.param(b"a=1&", id="an end that is open"),
        pytest.param(b"a[]=1", id="a list in the name"),
        pytest.param(b"a =1", id="a blank in the name"),
        pytest.param(b"a=%", id="half an escape"),
        pytest.param(b"a=%zz", id="no escape"),
        pytest.param(b"a=%FF", id="not UTF-8"),
        pytest.param(b"a=\xff", id="not UTF-8, unescaped"),
        pytest.param(b"a=\xc2%80", id="half a character escaped"),
        pytest.param(b"a=%ED%A0%BD", id="half a surrogate pair"),
        pytest.param(b"a=%C0%AF", id="an overlong character"),
        pytest.param(b"a=%00", id="NUL"),
        pytest.param(b'{"a": 1}', id="JSON"),
        pytest.param(b"&".join(b"f%d=1" % number for number in range(MAX_FIELDS + 1)), id="too many"),
    ],
)
def test_refuses(body: bytes) -> None:
    with pytest.raises(ValueError, match=WHY):
        parse_form(body)


def test_a_refusal_quotes_nothing() -> None:
    for body in (b"status=ZZZZ&status=ZZZZ", b"ZZZZ", b"status=ZZZZ%", b"status=ZZZZ%FF"):
        with pytest.raises(ValueError, match=WHY) as refused:
            parse_form(body)
        assert "ZZZZ" not in str(refused.value)


@given(FORMS)
def test_what_any_encoder_writes_is_read(fields: dict[str, str]) -> None:
    assert parse_form(urlencode(fields, quote_via=quote).encode()) == fields
    assert parse_form(urlencode(fields, quote_via=quote_plus).encode()) == fields


@given(FORMS, NAMES, TEXTS, TEXTS)
def test_a_doubled_field_is_refused_wherever_it_stands(
    fields: dict[str, str], name: str, one: str, other: str
) -> None:
    pairs = [(name, one), *((key, text) for key, text in fields.items() if key != name), (name, other)]
    with pytest.raises(ValueError, match=WHY):
        parse_form(urlencode(pairs).encode())


@given(st.binary(max_size=200) | st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join))
def test_whatever_is_taken_another_reader_reads_alike(body: bytes) -> None:
    try:
        fields = parse_form(body)
    except ValueError:
        return
    pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    assert dict(pairs) == fields
    assert len(pairs) == len(fields)
