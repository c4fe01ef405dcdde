from datetime import timedelta

import pytest

from app.core.errors import BadSignature
from app.platforms.signatures import require_fresh, require_signature, signature_of, signed_value
from tests.values import NOON

TEN_MINUTES = timedelta(minutes=10)


@pytest.mark.parametrize(
    ("values", "signature"),
    [
        pytest.param(
            ("xyz123xyz", "1397022061823", "57155157"),
            "90e4c22c90a58f26526c2dd5b6c56c8822edeaa1",
            id="Weibo's documented example",
        ),
        pytest.param(
            ("AAAAA", "1714036504", "1514711492"),
            "f464b24fc39322e44b38aa78f5edd27bd1441696",
            id="WeChat's documented example",
        ),
    ],
)
def test_signs_as_the_platforms_document_it(values: tuple[str, ...], signature: str) -> None:
    assert signature_of(*values) == signature
    assert signature_of(*reversed(values)) == signature
    require_signature(signature, *values)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param("", id="none"),
        pytest.param("F464B24FC39322E44B38AA78F5EDD27BD1441696", id="upper case"),
        pytest.param("f464b24fc39322e44b38aa78f5edd27bd1441697", id="last digit"),
        pytest.param("签名", id="not ASCII"),
        pytest.param("\udcff", id="half a surrogate pair"),
    ],
)
def test_refuses_another_signature(given: str) -> None:
    with pytest.raises(BadSignature):
        require_signature(given, "AAAAA", "1714036504", "1514711492")


@pytest.mark.parametrize("off", [timedelta(0), TEN_MINUTES, -TEN_MINUTES])
def test_takes_what_is_near_now_in_seconds_and_milliseconds(off: timedelta) -> None:
    seconds = int((NOON + off).timestamp())
    require_fresh(str(seconds), NOON, TEN_MINUTES)
    require_fresh(f"{seconds}000", NOON, TEN_MINUTES)


@pytest.mark.parametrize(
    "timestamp",
    [
        pytest.param(str(int(NOON.timestamp()) - 601), id="a second too old"),
        pytest.param(str(int(NOON.timestamp()) + 601), id="a second too new"),
        pytest.param(f"{int(NOON.timestamp()) + 601}000", id="milliseconds too new"),
        pytest.param(str(int(NOON.timestamp()) * 10), id="eleven digits are seconds"),
        pytest.param(f"{int(NOON.timestamp())}000000", id="microseconds"),
        pytest.param("", id="empty"),
        pytest.param("１７７２４２４０００", id="full-width digits"),
        pytest.param("-1772424000", id="negative"),
        pytest.param("1772424000.5", id="fraction"),
    ],
)
def test_refuses_stale_and_strange_times(timestamp: str) -> None:
    with pytest.raises(BadSignature):
        require_fresh(timestamp, NOON, TEN_MINUTES)


@pytest.mark.parametrize("query", [{}, {"nonce": ""}])
def test_a_signed_value_must_be_there(query: dict[str, str]) -> None:
    with pytest.raises(BadSignature, match="no nonce"):
        signed_value(query, "nonce")
    assert signed_value({"nonce": "7"}, "nonce") == "7"
