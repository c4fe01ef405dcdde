"""The script, its configuration and its judgement of what happened; no process is started."""

import tomllib
from collections import Counter
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from app.core.model import Platform
from app.demo.guard_api import Judged
from app.demo.rows import Arrival, due, row_of
from app.demo.sample import Ports, config_toml, new_sample, write_config
from app.demo.script import SCENES, Expected, Scene
from app.demo.table import table_of
from app.demo.vendor_talk import Mishap, line_for
from app.settings.channels import HOLDING_TEXT
from app.settings.whole import Settings

RELEASED = Judged("您好", "release", (), ())
HELD = Judged("不说话没人把你当哑巴", "block", ("不说话没人把你当哑巴",), ("不得嘲讽来访者",))
BROKEN = Judged("", "", (), ())
HOLDING = Arrival(HOLDING_TEXT, "passive", 0.2)


def scene(expected: Expected, edited_text: str = "") -> Scene:
    return Scene("演示", Platform.WECHAT, "o-1", "你好", expected, edited_text=edited_text)


def said(text: str, via: str = "passive") -> Arrival:
    return Arrival(text, via, 1.0)


def test_the_script_shows_everything_with_one_citizen_each() -> None:
    assert {one.expected for one in SCENES} == set(Expected)
    assert {one.platform for one in SCENES} == set(Platform)
    assert max(Counter(one.citizen for one in SCENES).values()) == 1
    assert [one.expected is Expected.SURVIVED for one in SCENES] == [False] * (len(SCENES) - 1) + [True]


@pytest.mark.parametrize("one", SCENES, ids=lambda one: one.shows)
def test_the_bot_plays_its_part(one: Scene) -> None:
    line = line_for(one.asks)
    assert (line.mishap is Mishap.HTTP_500) == (one.expected is Expected.FALLBACK)
    assert (line.after_s > 5) == (one.expected is Expected.LATE)
    assert (line.after_s > 0) == (one.expected in (Expected.LATE, Expected.SURVIVED))


def test_the_sample_is_a_configuration(tmp_path: Path) -> None:
    sample = new_sample(Ports(8900, 8901, 8902))
    settings = Settings.model_validate(tomllib.loads(write_config(sample, tmp_path).read_text("utf-8")))
    assert set(settings.channels) == {"wechat", "weibo"}
    assert settings.server.port == 8900
    assert all(channel.facts and channel.facts.is_file() for channel in settings.channels.values())
    assert sample.api_token not in config_toml(sample, tmp_path)


def test_secrets_are_new_every_time() -> None:
    first, second = (new_sample(Ports(1, 2, 3)) for _ in range(2))
    assert first.api_token != second.api_token
    assert first.accounts.wechat.aes_key != second.accounts.wechat.aes_key


@pytest.mark.parametrize(
    ("played", "judged", "received", "tries", "bot_asked", "as_expected"),
    [
        pytest.param(scene(Expected.RELEASED), RELEASED, [said("您好")], 1, 1, True, id="released"),
        pytest.param(
            scene(Expected.RELEASED), RELEASED, [said("您好")] * 2, 1, 1, False, id="received twice"
        ),
        pytest.param(scene(Expected.RELEASED), RELEASED, [said("您好")], 2, 1, False, id="pushed twice"),
        pytest.param(scene(Expected.RELEASED), HELD, [said(HELD.wanted)], 1, 1, False, id="held, yet heard"),
        pytest.param(scene(Expected.HELD), HELD, [HOLDING], 1, 1, True, id="held"),
        pytest.param(
            scene(Expected.HELD), HELD, [HOLDING, said(HELD.wanted, "api")], 1, 1, False, id="leaked"
        ),
        pytest.param(scene(Expected.HELD), RELEASED, [HOLDING], 1, 1, False, id="not found guilty"),
        pytest.param(scene(Expected.LATE), RELEASED, [HOLDING, said("您好", "api")], 1, 1, True, id="late"),
        pytest.param(scene(Expected.LATE), RELEASED, [HOLDING], 1, 1, False, id="late, never delivered"),
        pytest.param(scene(Expected.RESENT), RELEASED, [said("您好")], 2, 1, True, id="resent"),
        pytest.param(scene(Expected.RESENT), RELEASED, [said("您好")], 2, 2, False, id="bot asked twice"),
        pytest.param(
            scene(Expected.APPROVED), HELD, [HOLDING, said(HELD.wanted, "api")], 1, 1, True, id="approved"
        ),
        pytest.param(
            scene(Expected.EDITED, "已转交"), HELD, [HOLDING, said("已转交", "api")], 1, 1, True, id="edited"
        ),
        pytest.param(
            scene(Expected.EDITED, "已转交"),
            HELD,
            [HOLDING, said(HELD.wanted, "api")],
            1,
            1,
            False,
            id="edited, yet the draft went out",
        ),
        pytest.param(scene(Expected.SURVIVED), RELEASED, [said("您好")], 2, 2, True, id="survived"),
        pytest.param(
            scene(Expected.SURVIVED), RELEASED, [said("您好")], 1, 1, False, id="nothing was killed"
        ),
        pytest.param(scene(Expected.FALLBACK), BROKEN, [HOLDING], 1, 1, True, id="bot broken"),
    ],
)
def test_a_scene_is_judged_by_all_that_happened(
    played: Scene, judged: Judged, received: list[Arrival], tries: int, bot_asked: int, as_expected: bool
) -> None:
    row = row_of(played, judged, received, tries=tries, bot_asked=bot_asked)
    assert row.as_expected is as_expected


def test_the_table_shows_words_as_they_are() -> None:
    held = replace(HELD, wanted="您真沉得住气[微笑]", quotes=("[微笑]",))
    row = row_of(scene(Expected.HELD), held, [HOLDING], tries=2, bot_asked=1)
    console = Console(file=StringIO(), width=200)
    console.print(table_of([row]))
    assert isinstance(console.file, StringIO)
    shown = console.file.getvalue()
    assert shown.count("[微笑]") == 2
    assert "共推送 2 次" in shown
    assert len(due(scene(Expected.LATE), "您好")) == 2
