import pytest

from app.core.errors import PlatformError
from app.platforms.wechat.refusals import error_of


@pytest.mark.parametrize(
    ("errmsg", "address"),
    [
        pytest.param(
            "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 6",
            "203.0.113.7",
            id="as documented",
        ),
        pytest.param("invalid ip 2001:db8::7, not in whitelist", "2001:db8::7", id="IPv6"),
        pytest.param(
            "not in whitelist, rid: 66f0a1b2-3c4d5e6f-7a8b9c0d", "this server's address", id="no address"
        ),
        pytest.param("", "this server's address", id="no message"),
        pytest.param("999.999.999.999 <script>", "this server's address", id="no real address"),
    ],
)
def test_names_the_address_to_allow(errmsg: str, address: str) -> None:
    error = error_of(40164, errmsg)
    assert (type(error), error.code) == (PlatformError, "40164")
    assert str(error) == f"add {address} to IP白名单 in 设置与开发 > 开发接口管理"


@pytest.mark.parametrize(("code", "word"), [(40013, "app_id"), (40125, "app_secret"), (48001, "认证")])
def test_configuration_errors_say_what_to_do(code: int, word: str) -> None:
    assert word in str(error_of(code))


def test_errmsg_decides_nothing() -> None:
    assert type(error_of(40003, "access_token expired, response out of time limit")) is PlatformError
