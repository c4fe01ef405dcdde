"""No number that names a person stays; what everybody may know does."""

import pytest

from app.core.masking import COVER, mask_numbers


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        pytest.param("请打13800138000找我", f"请打{COVER}找我", id="mobile"),
        pytest.param("138-0013-8000", COVER, id="mobile with hyphens"),
        pytest.param("138 0013 8000", COVER, id="mobile with spaces"),
        pytest.param("138\u200b0013\u200b8000", COVER, id="mobile with invisible marks"),
        pytest.param("１３８００１３８０００", COVER, id="full width"),
        pytest.param("一三八〇〇一三八〇〇〇", COVER, id="Chinese digits"),
        pytest.param("身份证510101199001011234。", f"身份证{COVER}。", id="identity card"),
        pytest.param("51010119900101123X", COVER, id="identity card that ends in X"),
        pytest.param("510101 19900101 123x", COVER, id="identity card in groups"),
        pytest.param("510101900101123", COVER, id="identity card of 15 digits"),
        pytest.param("卡号6222 0200 1234 5678 901", f"卡号{COVER}", id="bank card"),
        pytest.param("028-87654321", COVER, id="landline"),
        pytest.param("请拨打12345或110", "请拨打12345或110", id="public numbers"),
        pytest.param("2024-03-01 9:00-17:00", "2024-03-01 9:00-17:00", id="date and hours"),
        pytest.param("二〇二四年三月", "二〇二四年三月", id="a year in Chinese"),
        pytest.param("1、身份证；2、户口本", "1、身份证；2、户口本", id="a list"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_mask(written: str, shown: str) -> None:
    assert mask_numbers(written) == shown
