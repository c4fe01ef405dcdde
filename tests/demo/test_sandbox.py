"""`make run` without the guard itself: what stands around it, twice in a row."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from app.demo import sandbox
from app.settings.whole import Settings


class Foreground:
    """Stands in for the guard's server: looks around once, then ends."""

    def __init__(self) -> None:
        self.emulators: list[str] = []
        self.statuses: list[int] = []

    def __call__(self, settings: Settings, *, announce: Callable[[str, str, str], None]) -> None:
        channel = settings.channels["wechat"]
        announce(f"http://127.0.0.1:{settings.server.port}", "", "")
        self.emulators.append(channel.api_base)
        self.statuses.append(httpx.get(f"{channel.api_base}/", trust_env=False).status_code)


def test_it_starts_tells_what_to_open_and_leaves_nothing_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    foreground = Foreground()
    monkeypatch.setattr(sandbox, "serve", foreground)
    for _ in range(2):
        sandbox.run(tmp_path / "sample")
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{foreground.emulators[-1]}/", trust_env=False)
    assert foreground.statuses == [200, 200]
    shown = capsys.readouterr().out
    assert f"{foreground.emulators[0]}/emulator/wechat/messages" in shown
    assert str(tmp_path) in shown
    assert "用户名 moderator  初始密码" in shown
