import pytest

from app.core.errors import WindowClosed
from app.platforms.posting import HttpAnswer
from app.platforms.wechat.api_answers import read_answer, require_ok


def test_reads_under_http_200_alone() -> None:
    assert read_answer(HttpAnswer(200, b'{"errcode": 0}')) == {"errcode": 0}
    with pytest.raises(ValueError, match="HTTP status 201"):
        read_answer(HttpAnswer(201, b'{"errcode": 0}'))


def test_a_missing_errcode_is_fine_only_where_it_may_be_missing() -> None:
    require_ok({"access_token": "T"}, default=0)
    with pytest.raises(ValueError, match="errcode"):
        require_ok({})


@pytest.mark.parametrize("errmsg", ["words", None, 7])
def test_the_code_alone_decides(errmsg: object) -> None:
    with pytest.raises(WindowClosed):
        require_ok({"errcode": 45015, "errmsg": errmsg})
