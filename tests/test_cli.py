"""The commands as a person types them: what they print, and how they end."""

import asyncio
import csv
import hashlib
import io
import json
import re
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app import __version__
from app.cli.entry import app as commands
from app.cli.entry import main
from app.core.records import AuditEntry
from app.loading import ruleset
from app.settings.whole import ApiToken
from app.storage.sql import SqlStore
from tests.values import NOON

ROOT = Path(__file__).parents[1]
SECRET = "S3cretS3cret"

RULE = """\
id: mockery.noise
title: 嘲讽
category: mockery
subclass: animal
severity: medium
when: {pattern: 蚊子}
unless: {quoted: true}
why: 嘲讽来访者
source: docs/policy.md
examples:
  hit: [听见蚊子在叫, 一群蚊子, 蚊子又来了]
  pass: [“蚊子”是您的原话, 您好, 请问有什么可以帮您]
"""


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def answers(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Ended]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """`shenyan ARGUMENTS`, in an empty folder, with `stdin` piped in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SHENYAN_CONFIG", raising=False)

    def run(*arguments: str, stdin: bytes = b"") -> Ended:
        monkeypatch.setattr(sys, "argv", ["shenyan", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = capsys.readouterr()
        return Ended(code, out, err)

    return run


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A folder of one rule."""
    folder = tmp_path / "rules" / "mockery"
    folder.mkdir(parents=True)
    (folder / "noise.yaml").write_text(RULE, encoding="utf-8")
    return folder.parent


@pytest.fixture
def config(tmp_path: Path, rules: Path) -> Path:
    """A sound configuration with that rule, no lexicon and records beside it."""
    lexicons = tmp_path / "lexicons"
    lexicons.mkdir()
    (lexicons / "manifest.yaml").write_text("lexicons: {}\n")
    file = tmp_path / "town.toml"
    file.write_text(
        f"""\
[storage]
url = "sqlite:///{tmp_path}/town.db"
[rules]
rules_dir = "{rules}"
lexicons_dir = "{lexicons}"
[policies.default]
[policies.trial]
shadow_all = true
[bots.vendor]
kind = "webhook"
url = "http://127.0.0.1:8000/"
token = "{SECRET}"
[channels.hall]
platform = "weibo"
bot = "vendor"
app_secret = "{SECRET}"
[channels.trial]
platform = "weibo"
bot = "vendor"
policy = "trial"
app_secret = "another"
""",
        encoding="utf-8",
    )
    return file


# --- check ------------------------------------------------------------------------------------


def test_check_says_what_is_wrong_and_where(run: Run, config: Path) -> None:
    ended = run("check", "--config", str(config), "您好", "我仿佛听见了一群蚊子在叫")
    assert ended.code == 0
    released, held = ended.answers
    assert (released["disposition"], released["findings"]) == ("release", [])
    assert held == {
        "disposition": "hold",
        "findings": [
            {
                "rule": "mockery.noise",
                "category": "mockery",
                "subclass": "animal",
                "severity": "medium",
                "span": [8, 10],
                "quote": "蚊子",
                "why": "嘲讽来访者",
                "message_quote": "",
                "source": "docs/policy.md",
            }
        ],
        "ruleset": released["ruleset"],
    }


def test_check_answers_a_line_for_a_line_in_order(run: Run, config: Path) -> None:
    lines = [
        {"text": "您好"},
        {"text": "一群蚊子", "context": "你们好慢"},
        {"text": "“蚊子”是您的原话", "context": {"message": "蚊子", "turns": [{"asked": "问"}]}},
        {"text": "蚊子", "id": 7},
    ]
    stdin = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
    ended = run("check", "-c", str(config), "--jsonl", stdin=stdin)
    assert ended.code == 0
    assert [one["disposition"] for one in ended.answers] == ["release", "hold", "release", "hold"]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"{", id="half an object"),
        pytest.param(b'"text"', id="no object"),
        pytest.param(b'{"context": "x"}', id="no text"),
        pytest.param(b'{"text": "\xff"}', id="no UTF-8"),
        pytest.param(b'{"text": "\\ud800"}', id="half a character"),
        pytest.param(b"[" * 50_000, id="too deep"),
    ],
)
def test_a_broken_line_is_told_in_its_place_and_stops_nothing(run: Run, config: Path, line: bytes) -> None:
    stdin = b'{"text": "a"}\n' + line + b'\n\n{"text": "b"}'
    ended = run("check", "-c", str(config), "--jsonl", stdin=stdin)
    first, broken, last = ended.answers
    assert first["disposition"] == last["disposition"] == "release"
    assert broken.keys() == {"error"}
    assert broken["error"].startswith("line 2: ")
    assert ended.code == 1


def test_a_thousand_lines_load_the_rules_once(
    run: Run, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[tuple[Path | None, ...]] = []
    load = ruleset.load_checker

    def counted(*folders: Path | None) -> Any:
        loads.append(folders)
        return load(*folders)

    monkeypatch.setattr(ruleset, "load_checker", counted)
    ended = run("check", "-c", str(config), "--jsonl", stdin=b'{"text": "a"}\n' * 1000)
    assert len(ended.answers) == 1000
    assert len(loads) == 1


def test_a_channel_in_shadow_mode_releases_and_says_so(run: Run, config: Path) -> None:
    (verdict,) = run("check", "-c", str(config), "--channel", "trial", "蚊子").answers
    assert verdict["disposition"] == "release"
    assert [(one["rule"], one["shadow"]) for one in verdict["findings"]] == [("mockery.noise", True)]


def test_explained_for_people(run: Run, config: Path) -> None:
    told = run("check", "-c", str(config), "--explain", "蚊子\x1b[2J\x07").out
    assert "mockery.noise" in told
    assert "嘲讽来访者" in told
    assert "\x1b[2J" not in told, "a reply must not steer the terminal"


def test_explained_with_what_was_read_and_where_rules_stopped(run: Run, config: Path) -> None:
    told = run(
        "check", "-c", str(config), "--explain", "--message", "蚊子多\x1b[2J", "“蚊*子”是您的原话", "一群蚊子"
    ).out
    quoted, held = told.split("hold ")
    assert "“蚊*子”是您的原话" in quoted
    assert "连读" in quoted, "the view without the star"
    assert "没沾边：mockery.noise" in quoted, "its pattern asks the plain view, where the star stands"
    assert "✓ mockery.noise" in held
    assert "docs/policy.md" in held
    assert "\x1b[2J" not in told


def test_an_exemption_is_told_with_its_place(run: Run, config: Path) -> None:
    told = run("check", "-c", str(config), "--explain", "“蚊子”是您的原话").out
    assert "◐ mockery.noise" in told
    assert "豁免：在引号或书名号里" in told
    assert "unless" in told


def test_the_explanation_as_json(run: Run, config: Path) -> None:
    stdin = '{"text": "“蚊子”是原话", "context": "蚊子多"}\n{"text": "蚊子"}'.encode()
    quoted, held = run("check", "-c", str(config), "--jsonl", "--explain", "--json", stdin=stdin).answers
    assert quoted["disposition"] == "release"
    assert quoted["explanation"]["rules"] == [
        {
            "rule": "mockery.noise",
            "outcome": "exempted",
            "at": "unless",
            "what": "在引号或书名号里",
            "proved": [{"span": [1, 3], "quote": "蚊子"}],
            "found": [],
            "found_in": "reply",
        }
    ]
    assert quoted["explanation"]["message"]["folded"] == "蚊子多"
    assert [one["quote"] for one in quoted["explanation"]["reply"]["segments"]] == ["蚊子", "是", "原话"]
    assert held["explanation"]["rules"] == [{"rule": "mockery.noise", "outcome": "holds"}]
    assert held["explanation"]["message"] is None


def test_a_broken_byte_on_the_command_line_is_answered(run: Run, config: Path) -> None:
    (verdict,) = run("check", "-c", str(config), "蚊子\udcff").answers
    assert verdict["disposition"] == "hold"


def test_the_configuration_may_be_named_by_the_environment(
    run: Run, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHENYAN_CONFIG", str(config))
    (verdict,) = run("check", "蚊子").answers
    assert [one["rule"] for one in verdict["findings"]] == ["mockery.noise"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(["check"], "nothing to judge", id="no text"),
        pytest.param(["check", "-c", "none.toml", "x"], "none.toml: the configuration", id="no such file"),
        pytest.param(["check", "--nonsense"], "--nonsense", id="no such option"),
        pytest.param(["config", "check"], "no configuration", id="no configuration"),
        pytest.param(["nonsense"], "nonsense", id="no such command"),
        pytest.param(["token", "new", "--name", "Duty Desk"], "'Duty Desk' is no name", id="a bad name"),
        pytest.param(["token", "new", "--name", "x", "--scope", "all"], "--scope all", id="a bad scope"),
    ],
)
def test_misuse_ends_with_2_and_a_clear_line(run: Run, arguments: list[str], told: str) -> None:
    ended = run(*arguments)
    assert ended.code == 2
    assert told in ended.err
    assert "Traceback" not in ended.err


# --- eval -------------------------------------------------------------------------------------

LABELLED = [
    {"text": "一群蚊子", "context": "", "hold": True, "labels": ["mockery.animal"]},
    {"text": "嗡嗡嗡[red]", "context": "快点\x1b[2J", "hold": True, "labels": ["mockery.animal"]},
    {"text": "已转园林部门灭蚊子", "context": "蚊子多", "hold": False, "labels": ["like:mockery.animal"]},
    {"text": "您好", "context": "", "hold": False, "labels": []},
]


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Four replies, of which that one rule judges two rightly."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    lines = (json.dumps(one, ensure_ascii=False) for one in LABELLED)
    (folder / "first.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def test_eval_measures_for_machines(run: Run, config: Path, labelled: Path) -> None:
    ended = run("eval", str(labelled), "--json", "-c", str(config))
    (figures,) = ended.answers
    assert (ended.code, ended.err) == (0, "")
    counts = {"held": 1, "missed": 1, "falsely_held": 1, "released": 1}
    assert figures["whole"].items() >= counts.items()
    assert figures["whole"]["recall"]["value"] == figures["whole"]["precision"]["value"] == 0.5
    assert (
        figures["files"][f"{labelled}/first.jsonl"] == figures["folders"][str(labelled)] == figures["whole"]
    )
    assert figures["subclasses"]["mockery.animal"].items() >= (counts | {"released": 0}).items()
    assert figures["categories"]["mockery"]["found"]["value"] == 0.5
    assert figures["plain"]["false_hold_rate"]["value"] == 0
    assert 0 < figures["seconds_per_reply"]["median"] <= figures["seconds_per_reply"]["longest"]
    assert figures["shortfalls"] == []
    (miss,), (false_hold,) = figures["misses"], figures["false_holds"]
    assert (miss["line"], miss["text"], miss["disposition"]) == (2, "嗡嗡嗡[red]", "release")
    assert (false_hold["line"], false_hold["labels"]) == (3, ["mockery.animal"])
    assert [one["quote"] for one in false_hold["findings"]] == ["蚊子"]
    (verdict,) = run("check", "您好", "-c", str(config)).answers
    assert figures["ruleset"] == verdict["ruleset"]


def test_eval_shows_people_the_figures_and_the_worst(run: Run, config: Path, labelled: Path) -> None:
    told = run("eval", str(labelled / "first.jsonl"), "-c", str(config)).out
    assert re.search(r"全部 all +2 +50\.0% 9–91 +2 +50\.0% 9–91 +50\.0% 9–91 +50\.0% 12–88", told)
    assert re.search(r"mockery .*\n +animal ", told)
    assert f"{labelled}/first.jsonl:2  mockery.animal" in told
    assert "嗡嗡嗡[red]" in told, "brackets are no markup"
    assert "\x1b[2J" not in told, "a message must not steer the terminal"
    assert f"{labelled}/first.jsonl:3  看着像 like mockery.animal" in told
    assert "mockery.noise  “蚊子”  嘲讽来访者" in told


def test_eval_shows_no_more_errors_than_asked(run: Run, config: Path, labelled: Path) -> None:
    told = run("eval", str(labelled), "-c", str(config), "--worst", "0").out
    assert "嗡嗡嗡" not in told
    assert "1 more" in told


@pytest.mark.parametrize(
    ("floors", "code"),
    [
        pytest.param("recall: {mockery: 0.5}\nlook_alikes: 1\n", 0, id="met"),
        pytest.param("recall: {mockery: 0.6}\n", 1, id="not met"),
    ],
)
@pytest.mark.parametrize("form", ["--json", "--worst=1"])
def test_eval_holds_floors(run: Run, config: Path, labelled: Path, floors: str, code: int, form: str) -> None:
    file = labelled / "floors.yaml"
    file.write_text(floors)
    ended = run("eval", str(labelled), "-c", str(config), "--floors", str(file), form)
    assert ended.code == code
    assert ("recall.mockery" in ended.out) == bool(code)


def test_eval_by_a_channels_policy(run: Run, config: Path, labelled: Path) -> None:
    (figures,) = run("eval", str(labelled), "--json", "-c", str(config), "--channel", "trial").answers
    assert (figures["whole"]["missed"], figures["whole"]["falsely_held"]) == (2, 0)


def test_eval_refuses_broken_lines_all_at_once(run: Run, config: Path, labelled: Path) -> None:
    (labelled / "more.jsonl").write_text('{"text": "x", "hold": "no", "labels": []}\n{\n')
    ended = run("eval", str(labelled), "-c", str(config))
    assert (ended.code, ended.out) == (2, "")
    first, second = ended.err.splitlines()
    assert first.startswith(f"{labelled}/more.jsonl:1: hold: ")
    assert second.startswith(f"{labelled}/more.jsonl:2: ")


# --- lint, configuration, tokens --------------------------------------------------------------


def test_lint_finds_examples_that_do_not_keep_their_word(run: Run, rules: Path, config: Path) -> None:
    arguments = ("lint", "--rules", str(rules), "--lexicons", str(config.parent / "lexicons"))
    assert run(*arguments).code == 0
    file = rules / "mockery" / "noise.yaml"
    file.write_text(RULE.replace("一群蚊子", "一群蜜蜂"), encoding="utf-8")
    ended = run(*arguments)
    assert ended.code == 1
    assert "must hold, but mockery.noise does not: 一群蜜蜂" in ended.out


@pytest.fixture
def idle_list(config: Path) -> Path:
    """A folder of lists with one that no rule names."""
    folder = config.parent / "lexicons"
    facts = "{title: 闲, source: own, licence: Apache-2.0, reviewed: 2026-11-23}"
    (folder / "manifest.yaml").write_text(f"lexicons:\n  mockery.idle: {facts}\n", encoding="utf-8")
    (folder / "mockery").mkdir()
    (folder / "mockery" / "idle.tsv").write_text("term\tweight\tmatch\tnote\n苍蝇\t1\tanywhere\t\n", "utf-8")
    return folder


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        pytest.param([], 0, True, id="remarks are told and fail nothing"),
        pytest.param(["--strict"], 1, True, id="unless asked to"),
        pytest.param(["--quick"], 0, False, id="or passed by"),
        pytest.param(["--quick", "--strict"], 0, False, id="what is passed by cannot fail"),
    ],
)
def test_lint_remarks_on_words_that_do_nothing(
    run: Run, rules: Path, idle_list: Path, options: list[str], code: int, told: bool
) -> None:
    ended = run("lint", "--rules", str(rules), "--lexicons", str(idle_list), *options)
    assert ended.code == code
    assert (f"{idle_list}/mockery/idle.tsv:1: unused" in ended.out) is told
    assert ("1 条提醒" in ended.err) is told


def test_lint_wants_a_corpus_it_can_read(run: Run, rules: Path, idle_list: Path) -> None:
    lines = idle_list / "corpus.jsonl"
    lines.write_text('{"text": "您好", "hold": false}\n{"text": 1}\n')
    ended = run("lint", "--rules", str(rules), "--lexicons", str(idle_list), "--corpus", str(lines))
    assert ended.code == 2
    assert f"{lines}:2: text" in ended.err


def test_config_check_passes_what_is_sound(run: Run, config: Path) -> None:
    assert run("config", "check", "-c", str(config)).code == 0


def test_config_check_says_where_nothing_is_taken_for_made_up(run: Run, config: Path) -> None:
    with config.open("a", encoding="utf-8") as file:
        file.write('facts = "facts.toml"\n')
    (config.parent / "facts.toml").write_text('phones = ["96100"]\nhours = ["9:00-17:00"]\n')
    ended = run("config", "check", "-c", str(config))
    assert ended.code == 0
    _, hall, trial = ended.out.splitlines()
    assert "channels.hall: 没有事实清单" in hall
    assert "fabrication is off" in hall
    assert "nothing listed of link, address, document:" in trial
    assert "网址、地址、文号" in trial


def test_config_check_tells_problems_of_a_list_of_facts(run: Run, config: Path) -> None:
    with config.open("a", encoding="utf-8") as file:
        file.write('facts = "facts.toml"\n')
    (config.parent / "facts.toml").write_text('phones = ["96100"]\nlinks = ["官网"]\n')
    ended = run("config", "check", "-c", str(config))
    assert ended.code == 2
    assert ended.err.startswith(f"{config.parent}/facts.toml:2: expected one link or host")
    assert len(ended.err.splitlines()) == 1


def test_a_holding_text_with_a_number_nobody_listed_is_no_sound_one(run: Run, config: Path) -> None:
    with config.open("a", encoding="utf-8") as file:
        file.write('facts = "facts.toml"\npolicy = "default"\nholding_text = "请拨打96200"\n')
    config.write_text(config.read_text().replace('policy = "trial"\n', ""))
    (config.parent / "facts.toml").write_text('phones = ["96100"]\n')
    ended = run("config", "check", "-c", str(config))
    assert (ended.code, "(fabrication.phone: 电话号码不在" in ended.err) == (2, True)


def test_check_with_a_list_of_facts(run: Run, config: Path) -> None:
    facts = config.parent / "facts.csv"
    facts.write_text("kind,value\nphone,96100\n")
    known, made_up = run("check", "--facts", str(facts), "-c", str(config), "拨打96100", "拨打96200").answers
    assert known["findings"] == []
    assert [(one["rule"], one["quote"]) for one in made_up["findings"]] == [("fabrication.phone", "96200")]


def test_check_takes_the_channels_list_and_facts_its_place(run: Run, config: Path) -> None:
    config.write_text(config.read_text().replace("[channels.trial]", 'facts = "a.toml"\n[channels.trial]'))
    (config.parent / "a.toml").write_text('phones = ["96100"]\n')
    (config.parent / "b.toml").write_text('phones = ["96200"]\n')
    arguments = ("check", "-c", str(config), "--channel", "hall", "拨打96200")
    assert [one["disposition"] for one in run(*arguments).answers] == ["hold"]
    assert [
        one["disposition"] for one in run(*arguments, "--facts", str(config.parent / "b.toml")).answers
    ] == ["release"]


def test_config_check_tells_lines_of_what_only_the_rules_know(run: Run, config: Path) -> None:
    with config.open("a", encoding="utf-8") as file:
        file.write('holding_text = "一群蚊子"\n[channels.last]\nplatform = "weibo"\nbot = "vendor"\n')
        file.write('app_secret = "third"\nholding_text = "蚊子"\n')
    ended = run("config", "check", "-c", str(config))
    assert ended.code == 2
    (line,) = ended.err.splitlines()
    assert line.startswith(f"{config}:27: channels.last.holding_text: ")


def test_config_check_tells_what_would_not_start(run: Run, config: Path) -> None:
    source = config.read_text().replace(f"sqlite:///{config.with_suffix('.db')}", "postgresql://u:p@h:port/d")
    config.write_text(source.replace(str(config.parent / "rules"), "/no/such/folder"))
    ended = run("config", "check", "-c", str(config))
    assert ended.code == 2
    rules, records = ended.err.splitlines()
    assert rules.startswith("/no/such/folder: expected rules")
    assert records.startswith(f"{config}:2: storage.url: no database URL")


def test_config_check_reads_the_second_opinions_instructions(run: Run, config: Path) -> None:
    judge = '[second_opinion]\nurl = "http://10.0.0.8/"\nmodel = "m"\nprompt_file = "/no/such/prompt.md"\n'
    config.write_text(judge + config.read_text())
    ended = run("config", "check", "-c", str(config))
    assert ended.code == 2
    (line,) = ended.err.splitlines()
    assert line.startswith(f"{config}:4: second_opinion.prompt_file: /no/such/prompt.md cannot be read")


def test_config_check_tells_every_problem(run: Run, config: Path) -> None:
    config.write_text(config.read_text().replace("bot =", "bott ="))
    ended = run("config", "check", "-c", str(config))
    assert ended.code == 2
    assert ended.err.count("unknown key; did you mean bot?") == 2
    assert SECRET not in ended.err


def test_config_show_covers_secrets(run: Run, config: Path) -> None:
    ended = run("config", "show", "-c", str(config))
    assert ended.code == 0
    assert tomllib.loads(ended.out)["channels"]["hall"]["app_secret"] == "******"
    assert SECRET not in ended.out


def test_a_new_token_is_shown_once_and_kept_as_a_hash(run: Run) -> None:
    ended = run("token", "new", "--name", "duty", "--scope", "holds:read", "--channel", "hall")
    entry = tomllib.loads(ended.out)["api_tokens"]["duty"]
    (token,) = re.findall(r"sy_[\w-]{40,}", ended.err)
    assert ApiToken.model_validate(entry).sha256 == hashlib.sha256(token.encode()).hexdigest()
    assert (entry["scopes"], entry["channels"]) == (["holds:read"], ["hall"])
    assert token not in ended.out
    assert token not in run("token", "new", "--name", "duty").err


# --- records ----------------------------------------------------------------------------------


def fill(url: str) -> None:
    async def write() -> None:
        store = await SqlStore.open(url, busy_timeout_s=2.0)
        for number, reason in enumerate(("可以，\n放行", "=cmd()", "")):
            await store.append_audit(
                AuditEntry(NOON, "duty", "hold.approve", f"hold:{number}", reason=reason)
            )
        await store.aclose()

    asyncio.run(write())


@pytest.fixture
def records(config: Path) -> Path:
    """Records with three audit entries."""
    file = config.with_suffix(".db")
    fill(f"sqlite:///{file}")
    return file


def test_the_chain_is_whole_until_somebody_touches_it(run: Run, config: Path, records: Path) -> None:
    whole = run("audit", "verify", "-c", str(config))
    assert (whole.code, "3 条" in whole.out) == (0, True)
    with closing(sqlite3.connect(records)) as database:
        for (trigger,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            database.execute(f"DROP TRIGGER {trigger}")  # somebody with the file in hand can do this
        database.execute("UPDATE audit SET actor = 'nobody' WHERE seq = 2")
        database.commit()
    broken = run("audit", "verify", "-c", str(config))
    assert broken.code == 1
    assert "第 2 条" in broken.err


def test_no_records_are_no_whole_chain(run: Run, config: Path) -> None:
    ended = run("audit", "verify", "-c", str(config))
    assert ended.code == 2
    assert "there are no records" in ended.err
    assert not config.with_suffix(".db").exists()


@pytest.mark.usefixtures("records")
def test_the_trail_as_json_lines(run: Run, config: Path) -> None:
    first, second, third = run("audit", "export", "--format", "jsonl", "-c", str(config)).answers
    assert (first["seq"], first["actor"], first["reason"]) == (1, "duty", "可以，\n放行")
    assert first["at"] == NOON.isoformat()
    assert second["reason"] == "=cmd()"
    assert third["previous_hash"] == second["hash"]


@pytest.mark.usefixtures("records")
def test_the_trail_for_a_spreadsheet(run: Run, config: Path) -> None:
    out = run("audit", "export", "--format", "csv", "-c", str(config)).out
    assert out.startswith("\ufeff"), "spreadsheets read UTF-8 only with it"
    first, second, _ = csv.DictReader(io.StringIO(out.removeprefix("\ufeff"), newline=""))
    assert (first["seq"], first["reason"]) == ("1", "可以，\n放行")
    assert second["reason"] == "'=cmd()", "no formula is run"


@pytest.mark.usefixtures("records")
def test_a_backup_is_made_once(run: Run, config: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    made = run("db", "backup", "-c", str(config), str(target))
    assert (made.code, "3 audit" in made.out, target.is_file()) == (0, True, True)
    again = run("db", "backup", "-c", str(config), str(target))
    assert (again.code, "is there already" in again.err) == (2, True)


def test_the_tables_are_raised(run: Run, config: Path) -> None:
    assert run("db", "upgrade", "-c", str(config)).code == 0
    assert run("audit", "verify", "-c", str(config)).code == 0


@pytest.mark.usefixtures("records")
def test_the_tables_go_one_step_back_when_somebody_says_so(run: Run, config: Path) -> None:
    unasked = run("db", "downgrade", "-c", str(config))  # nobody is there to say yes
    assert (unasked.code, run("audit", "verify", "-c", str(config)).code) == (1, 0)
    back = run("db", "downgrade", "--yes", "-c", str(config))
    assert (back.code, "the schema is now 0" in back.out) == (0, True)
    older = run("audit", "verify", "-c", str(config))
    assert (older.code, "run `shenyan db upgrade`" in older.err) == (2, True)
    assert run("db", "upgrade", "-c", str(config)).code == 0
    assert run("audit", "verify", "-c", str(config)).code == 0


# --- the frame --------------------------------------------------------------------------------


def test_python_dash_m_is_the_same_command() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "app", "--version"], cwd=ROOT, capture_output=True, check=True
    )
    assert ended.stdout.decode().strip() == f"shenyan {__version__}"


def names_of(group: Any, before: str = "shenyan") -> list[str]:
    names = [
        f"{before} {one.name or one.callback.__name__}" for one in group.registered_commands if one.callback
    ]
    for inner in group.registered_groups:
        names += names_of(inner.typer_instance, f"{before} {inner.name}")
    return names


@pytest.mark.parametrize("name", names_of(commands))
def test_every_command_has_help_and_is_in_the_reference(run: Run, name: str) -> None:
    ended = run(*name.split()[1:], "--help")
    assert ended.code == 0
    assert re.search(r"[\u4e00-\u9fff]", ended.out)
    assert f"`{name}`" in (ROOT / "docs" / "operations.md").read_text("utf-8")
