"""What the tests at the second door share."""

from typing import Any

import pytest
import requests

PLATFORM = "https://api.weixin.qq.com"


@pytest.fixture
def at_the_stand(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The one line a vendor changes: the host name."""
    real = requests.Session.request

    def point(stand: str) -> None:
        def request(self: requests.Session, method: str, url: str, **more: Any) -> requests.Response:
            return real(self, method, url.replace(PLATFORM, stand), **more)

        monkeypatch.setattr(requests.Session, "request", request)

    return point
