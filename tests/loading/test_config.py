"""Configuration: three layers, every problem at once, no secret told."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.core.errors import ConfigError
from app.loading.config import load_settings
from app.loading.setting_types import is_free_table, keys_at, types_at
from app.loading.shown import show_settings
from app.settings.channels import WeChatChannel
from app.settings.coordination import Servers, servers_of
from app.settings.whole import Settings

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "samples" / "shenyan.toml"
SECRET = "S3cretS3cret"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

SOUND = f"""\
[bots.vendor]
kind = "webhook"
url = "http://127.0.0.1:8000/"
token = "vendor"

[channels.hall]
platform = "wechat"
bot = "vendor"
app_id = "wx1"
token = "{SECRET}"
aes_key = "{AES_KEY}"
"""

Files = Mapping[str, str]


def load(folder: Path, source: str, environ: Mapping[str, str] | None = None) -> Settings:
    file = folder / "shenyan.toml"
    file.write_text(source, encoding="utf-8")
    return load_settings(file, environ or {})


def problems(folder: Path, source: str, environ: Mapping[str, str] | None = None) -> list[str]:
    """The problems, their file named as ":"."""
    with pytest.raises(ConfigError) as caught:
        load(folder, source, environ)
    return [line.replace(str(folder / "shenyan.toml"), "") for line in str(caught.value).splitlines()]


def hall(settings: Settings) -> WeChatChannel:
    channel = settings.channels["hall"]
    assert isinstance(channel, WeChatChannel)
    return channel


def test_a_list_of_facts_lies_beside_the_file(tmp_path: Path) -> None:
    named = SOUND + 'facts = "facts/hall.toml"\n'
    assert hall(load(tmp_path, named)).facts == tmp_path / "facts" / "hall.toml"
    elsewhere = {"SHENYAN_CHANNELS__HALL__FACTS": "/etc/facts.csv"}
    assert hall(load(tmp_path, named, elsewhere)).facts == Path("/etc/facts.csv")
    assert hall(load(tmp_path, SOUND + 'facts = "/srv/facts.csv"\n')).facts == Path("/srv/facts.csv")
    assert hall(load(tmp_path, SOUND)).facts is None


# --- the layers -------------------------------------------------------------------------------


def test_environment_over_secret_files_over_the_file(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "channels__hall__token").write_text("FromFile\n")
    (secrets / "server__port").write_text("1111")
    environ = {"SHENYAN_SECRETS_DIR": str(secrets), "SHENYAN_SERVER__PORT": "2222"}
    settings = load(tmp_path, SOUND, environ)
    assert hall(settings).token.get_secret_value() == "FromFile"
    assert settings.server.port == 2222


@pytest.mark.parametrize(
    ("variables", "shown"),
    [
        pytest.param({"shenyan_server__PORT": "99"}, "port = 99", id="case is free"),
        pytest.param(
            {"SHENYAN_POLICIES__NIGHT_SHIFT__HOLD_AT": "low", "SHENYAN_POLICIES__DEFAULT__HOLD_AT": "info"},
            "[policies.night-shift]",
            id="an underscore in a name is a hyphen",
        ),
        pytest.param(
            {"SHENYAN_MONITORING__METRICS_FROM": "127.0.0.0/8, ::1/128"},
            'metrics_from = ["127.0.0.0/8", "::1/128"]',
            id="a list with commas",
        ),
        pytest.param(
            {"SHENYAN_MONITORING__METRICS_FROM": '["10.0.0.0/8"]'},
            'metrics_from = ["10.0.0.0/8"]',
            id="a list as JSON",
        ),
        pytest.param({"SHENYAN_MONITORING__METRICS_FROM": ""}, "metrics_from = []", id="an empty list"),
        pytest.param(
            {"SHENYAN_CHANNELS__HALL__HOLDING_TEXT": "[微笑]您好"},
            'holding_text = "[微笑]您好"',
            id="a text that begins like a list",
        ),
        pytest.param(
            {"SHENYAN_SERVICE_HOST": "10.0.0.1", "SHENYAN_PORT_8900_TCP": "tcp://x", "SHENYAN_TOKEN": "sy_x"},
            "port = 8900",
            id="what Kubernetes and callers of the API set is none of ours",
        ),
    ],
)
def test_variables(tmp_path: Path, variables: Mapping[str, str], shown: str) -> None:
    assert shown in show_settings(load(tmp_path, SOUND, variables))


def test_a_header_is_overridden_whatever_its_case(tmp_path: Path) -> None:
    bot = '[bots.j]\nkind = "json"\nurl = "http://x/"\nreply_path = "a"\n'
    bot += 'request = {q = "{text}"}\nheaders = {X-Api-Key = "from-file"}\n'
    settings = load(tmp_path, SOUND + bot, {"SHENYAN_BOTS__J__HEADERS__X_API_KEY": "from-variable"})
    assert settings.bots["j"].model_dump()["headers"]["X-Api-Key"].get_secret_value() == "from-variable"


def test_everything_may_come_from_the_environment() -> None:
    settings = load_settings(
        None,
        {
            "SHENYAN_BOTS__VENDOR__KIND": "webhook",
            "SHENYAN_BOTS__VENDOR__URL": "http://127.0.0.1:8000/",
            "SHENYAN_BOTS__VENDOR__TOKEN": "vendor",
            "SHENYAN_CHANNELS__HALL__PLATFORM": "weibo",
            "SHENYAN_CHANNELS__HALL__BOT": "vendor",
            "SHENYAN_CHANNELS__HALL__APP_SECRET": "secret",
        },
    )
    assert settings.channels["hall"].platform == "weibo"


@pytest.mark.parametrize("reference", ["env:HALL_TOKEN", "file:{folder}/hall"])
def test_a_secret_may_stand_elsewhere(tmp_path: Path, reference: str) -> None:
    (tmp_path / "hall").write_text(f"{SECRET}x\r\n")
    source = SOUND.replace(f'token = "{SECRET}"', f'token = "{reference.format(folder=tmp_path)}"')
    settings = load(tmp_path, source, {"HALL_TOKEN": f"{SECRET}x"})
    assert hall(settings).token.get_secret_value() == f"{SECRET}x"


def test_only_secrets_are_looked_up(tmp_path: Path) -> None:
    source = SOUND + 'holding_text = "env:PATH"\n'
    assert hall(load(tmp_path, source, {"PATH": "/bin"})).holding_text == "env:PATH"


def test_a_reference_that_is_overridden_is_not_looked_up(tmp_path: Path) -> None:
    source = SOUND.replace(SECRET, "file:/nowhere/at/all")
    settings = load(tmp_path, source, {"SHENYAN_CHANNELS__HALL__TOKEN": "Other"})
    assert hall(settings).token.get_secret_value() == "Other"


def test_other_files_among_the_secrets_are_passed_by(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    (secrets / "..data__x").mkdir(parents=True)
    (secrets / "db_password").write_text("x")
    (secrets / ".hidden__file").write_text("x")
    settings = load(tmp_path, SOUND, {"SHENYAN_SECRETS_DIR": str(secrets)})
    assert hall(settings).token.get_secret_value() == SECRET


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    assert load(tmp_path, "\ufeff" + SOUND).server.port == 8900


def test_a_second_opinion_is_off_until_somebody_asks_for_it_and_holds_on_errors(tmp_path: Path) -> None:
    settings = load(tmp_path, SOUND)
    assert (settings.second_opinion, settings.policies["default"].second_opinion) == (None, False)
    asked = (
        '[second_opinion]\nurl = "http://10.0.0.8/v1/chat/completions"\nmodel = "m"\napi_key = "env:KEY"\n'
    )
    wanted = load(tmp_path, asked + SOUND, {"KEY": "sk-secret"}).second_opinion
    assert wanted is not None
    assert (wanted.on_error, wanted.score_at_least, wanted.timeout_s) == ("hold", 5, 1.5)
    assert "sk-secret" not in show_settings(load(tmp_path, asked + SOUND, {"KEY": "sk-secret"}))


# --- the problems -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("[server]\nprot = 1\n", ":2: server.prot: unknown key; did you mean port?", id="a typo"),
        pytest.param(
            "[server]\nsomething = 1\n",
            ":2: server.something: unknown key; known: host, port, max_body_bytes, "
            "read_body_within_s, workers, drain_within_s",
            id="a key like no other",
        ),
        pytest.param(
            "[server]\n\nport = 70000\n",
            ":3: server.port: input should be less than or equal to 65535; found 70000",
            id="out of bounds",
        ),
        pytest.param("[serverr]\n", ":1: serverr: unknown key; did you mean server?", id="an unknown table"),
        pytest.param(
            '[monitoring]\nmetrics_from = [\n  "127.0.0.0/8",\n  "x"]\n',
            ":4: monitoring.metrics_from.1: input is not a valid IPv4 network",
            id="an item of a list",
        ),
        pytest.param(
            "[monitoring]\nmetrics_from = 3\n",
            ':2: monitoring.metrics_from: expected a list, like ["..."]',
            id="no list",
        ),
        pytest.param(
            "[policies.default]\n[policies.Night]\n",
            ":2: policies.Night: a name has lower-case letters, digits and hyphens, at most 40; rename it",
            id="a bad name",
        ),
        pytest.param(
            '[channels.desk]\nplatform = "weibo"\nbot = "vendor"\napp_secret = ""\n',
            ":4: channels.desk.app_secret: is empty; fill it in",
            id="an empty secret",
        ),
        pytest.param(
            '[channels.desk]\nplatform = "weibo"\nbot = "vendor"\n',
            ":1: channels.desk.app_secret: is missing; add it to the file (--config), "
            "or set SHENYAN_CHANNELS__DESK__APP_SECRET",
            id="a secret that is missing",
        ),
        pytest.param(
            '[channels.desk]\nplatform = "weibo"\nbot = "vender"\napp_secret = "x"\n',
            ":3: channels.desk.bot: there is no [bots.vender]; known: vendor",
            id="a bot that is not there",
        ),
        pytest.param(
            '[channels.desk]\nbot = "vendor"\n',
            ':1: channels.desk: platform must say what it is: one of "wechat", "weibo"',
            id="no platform",
        ),
        pytest.param(
            '[bots.other]\nkind = "telepathy"\n',
            ':1: bots.other: kind must say what it is: one of "webhook", "chat", "json"',
            id="an unknown kind of bot",
        ),
        pytest.param(
            f'[channels.two]\nplatform = "wechat"\nbot = "vendor"\napp_id = "wx1"\ntoken = "abc"\n'
            f'aes_key = "{AES_KEY}"\n',
            ":12: channels.hall: the same account as channels.two; give each account one channel",
            id="one account, two channels",
        ),
        pytest.param(
            '[channels.two]\nplatform = "wechat"\nbot = "vendor"\napp_id = "wx2"\ntoken = "abc"\n',
            ":1: channels.two: mode 'safe' needs aes_key (43 characters, from the platform's console)",
            id="safe mode without its key",
        ),
        pytest.param(
            '[channels.desk]\nplatform = "weibo"\nbot = "vendor"\napp_secret = "x"\n'
            '[channels.desk.canary]\nusers = ["1"]\nsecret = "short"\n',
            ":7: channels.desk.canary.secret: a secret has at least 16 characters, "
            "else its answers can be guessed",
            id="test answers that can be guessed",
        ),
        pytest.param(
            '[channels.desk]\nplatform = "weibo"\nbot = "vendor"\napp_secret = "x"\n'
            "watch_messages_minutes = 5\n",
            ":1: channels.desk: watch_messages_minutes needs access_token: "
            "the platform lists them for its owner",
            id="comments that nobody may list",
        ),
        pytest.param(
            "[policies.default]\nsecond_opinion = true\n",
            ":2: policies.default.second_opinion: there is no [second_opinion]; add it, or write false",
            id="a second opinion of nobody",
        ),
        pytest.param(
            '[second_opinion]\nurl = "10.0.0.8:8000"\nmodel = "m"\n',
            ":2: second_opinion.url: string should match pattern '^https?://'",
            id="a judge's address without http",
        ),
        pytest.param(
            '[second_opinion]\nurl = "http://10.0.0.8/"\nmodel = "m"\non_error = "pass"\n',
            ":4: second_opinion.on_error: input should be 'hold' or 'release'",
            id="another word for what an error does",
        ),
        pytest.param(
            '[second_opinion]\nurl = "http://10.0.0.8/"\nmodel = "m"\nscore_at_least = 0\n',
            ":4: second_opinion.score_at_least: input should be greater than or equal to 1; found 0",
            id="a judge of everything",
        ),
        pytest.param(
            '[second_opinion]\nurl = "http://10.0.0.8/"\nmodel = "m"\ntimeout_s = 30\n',
            ":4: second_opinion.timeout_s: input should be less than or equal to 5; found 30",
            id="a judge waited for too long",
        ),
    ],
)
def test_a_problem_names_its_line_and_what_to_do(tmp_path: Path, source: str, expected: str) -> None:
    """`source` stands before the sound settings, so that its lines are its own."""
    found = problems(tmp_path, source + SOUND)
    assert expected in found
    assert len(found) == 1 or expected.endswith("IPv4 network")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        pytest.param(
            {"SHENYAN_SERVER__PORT": "many"},
            "SHENYAN_SERVER__PORT: server.port: input should be a valid integer, "
            "unable to parse string as an integer",
            id="a bad value",
        ),
        pytest.param(
            {"SHENYAN_SERVER__PROT": "1"},
            "SHENYAN_SERVER__PROT: server.prot: unknown key; did you mean port?",
            id="an unknown key",
        ),
        pytest.param(
            {"SHENYAN_SERVER_PORT": "1"},
            "SHENYAN_SERVER_PORT: levels are separated by two underscores; did you mean SHENYAN_SERVER__...?",
            id="one underscore where two are meant",
        ),
        pytest.param(
            {"SHENYAN_CHANNELS_HALL_TOKEN": "x"},
            "SHENYAN_CHANNELS_HALL_TOKEN: levels are separated by two underscores; "
            "did you mean SHENYAN_CHANNELS__...?",
            id="one underscore in a channel's secret",
        ),
        pytest.param(
            {"SHENYAN_BOTS__VENDOR__URL__X": "1"},
            "SHENYAN_BOTS__VENDOR__URL__X: bots.vendor.url is a value, not a table",
            id="a level too deep",
        ),
        pytest.param(
            {"SHENYAN_MONITORING__METRICS_FROM": "[broken"},
            "SHENYAN_MONITORING__METRICS_FROM: monitoring.metrics_from: expected JSON",
            id="half a list",
        ),
        pytest.param(
            {"SHENYAN_SECRETS_DIR": "/nowhere/at/all"},
            "SHENYAN_SECRETS_DIR: the folder /nowhere/at/all cannot be read: No such file or directory",
            id="no folder of secrets",
        ),
    ],
)
def test_a_variable_is_named(tmp_path: Path, environ: Mapping[str, str], expected: str) -> None:
    assert expected in problems(tmp_path, SOUND, environ)


def test_a_secret_file_is_named(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "channels__hall__token").write_text("no token!")
    (secrets / "channels__hall__aes_key").write_bytes(b"\xff\xfe")
    found = problems(tmp_path, SOUND, {"SHENYAN_SECRETS_DIR": str(secrets)})
    assert found == [
        f"{secrets}/channels__hall__aes_key: the file is not UTF-8",
        f"{secrets}/channels__hall__token: channels.hall.token: a token is 3 to 32 letters and digits; "
        "copy it from the platform's console",
    ]


def test_every_problem_is_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    source = SOUND.replace('bot = "vendor"', 'bot = "nobody"').replace("app_id", "appid")
    source += '[server]\nport = "x"\n[channels.hall.more]\n'
    assert [re.sub(r": .*", "", line) for line in problems(tmp_path, source, {"SHENYAN_A__B": "c"})] == [
        ":6",  # app_id is missing
        ":8",  # there is no such bot
        ":9",  # appid
        ":13",  # port
        ":14",  # more
        "SHENYAN_A__B",
    ]


@pytest.mark.parametrize(
    "mistake",
    [
        pytest.param(f'token = "{SECRET}!"', id="a token of wrong characters"),
        pytest.param(f'aes_key = "{SECRET}"', id="a key that is too short"),
        pytest.param(f'toekn = "{SECRET}"', id="a key that is not known"),
        pytest.param(f'mode = "{SECRET}"', id="in a field of fixed words"),
        pytest.param(f'policy = ["{SECRET}"]', id="in a list"),
        pytest.param(f'api_base = "{SECRET}"', id="in an address"),
        pytest.param("app_secret = 314159265358", id="a number"),
        pytest.param(f'app_secret = "file:/nowhere/{AES_KEY}/at/all"', id="a file that is not there"),
    ],
)
def test_no_secret_is_told(tmp_path: Path, mistake: str) -> None:
    key = mistake.partition(" ")[0]
    source = "".join(line for line in SOUND.splitlines(keepends=True) if not line.startswith(f"{key} "))
    source = source.replace('kind = "webhook"\n', 'kind = "webhook"\ntoken = "vendor"\n', 1)
    told = "\n".join(problems(tmp_path, source + mistake + "\n"))
    assert SECRET not in told
    assert "314159265358" not in told


def test_a_token_in_the_place_of_its_hash_is_not_told(tmp_path: Path) -> None:
    told = problems(tmp_path, SOUND + f'[api_tokens.duty]\nscopes = []\nsha256 = "sy_{SECRET}"\n')
    assert told == [":14: api_tokens.duty.sha256: string should match pattern '^[0-9a-f]{64}$'"]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        pytest.param("a = 1\nb = = 2\n", 2, id="two equal signs"),
        pytest.param("a = 1\na = 2\n", 2, id="a key twice"),
        pytest.param('a = 1\nb = "never closed\n', 2, id="an open string"),
        pytest.param("a = [1,\n2", 2, id="the end comes too early"),
    ],
)
def test_what_is_no_toml_is_told_with_its_line(tmp_path: Path, source: str, line: int) -> None:
    (told,) = problems(tmp_path, source)
    assert told.startswith(f":{line}: not TOML: ")


def test_no_file_and_no_utf8(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none.toml: the configuration cannot be read: No such file"):
        load_settings(tmp_path / "none.toml", {})
    (tmp_path / "gbk.toml").write_bytes("[channels.x]\ntitle = '政务'".encode("gbk"))
    with pytest.raises(ConfigError, match=r"gbk.toml: not UTF-8, at byte 22; save it as UTF-8"):
        load_settings(tmp_path / "gbk.toml", {})


def test_extra_checks_point_at_lines_too(tmp_path: Path) -> None:
    file = tmp_path / "shenyan.toml"
    file.write_text(SOUND)
    checks = (
        lambda _: ["channels.hall.token: too plain"],
        lambda settings: [f"/rules/x.yaml:3: {len(settings.channels)} wrong"],
    )
    with pytest.raises(ConfigError) as caught:
        load_settings(file, {}, checks)
    assert str(caught.value).splitlines() == [
        "/rules/x.yaml:3: 1 wrong",
        f"{file}:10: channels.hall.token: too plain",
    ]


# --- what ships -------------------------------------------------------------------------------


def sample_environment() -> dict[str, str]:
    """A value for every variable the sample names."""
    names = re.findall(r'"env:([A-Z_]+)"', SAMPLE.read_text("utf-8"))
    return {name: AES_KEY if name.endswith("AES_KEY") else f"x{len(name)}{n}" for n, name in enumerate(names)}


def test_the_sample_is_sound_once_its_secrets_are_there() -> None:
    settings = load_settings(SAMPLE, sample_environment())
    assert {channel.platform for channel in settings.channels.values()} == {"wechat", "weibo"}
    assert hall(settings).mode == "safe"


def test_the_samples_second_opinion_is_sound_once_it_is_uncommented(tmp_path: Path) -> None:
    source = SAMPLE.read_text("utf-8").replace("# second_opinion = true", "second_opinion = true")
    before, head, after = source.partition("# [second_opinion]\n")
    table, gap, rest = after.partition("\n\n")
    table = re.sub("^# ", "", table, flags=re.MULTILINE).replace("/run/secrets", str(tmp_path))
    (tmp_path / "second_opinion__api_key").write_text("sk-1")
    settings = load(tmp_path, before + head[2:] + table + gap + rest, sample_environment())
    assert settings.policies["default"].second_opinion
    assert settings.second_opinion is not None
    assert settings.second_opinion.api_key is not None


def test_the_sample_says_which_secrets_it_lacks() -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(SAMPLE, {})
    told = str(caught.value)
    assert all(f"the environment has no variable {name};" in told for name in sample_environment())


def test_shown_settings_are_toml_with_covered_secrets() -> None:
    environ = sample_environment()
    shown = show_settings(load_settings(SAMPLE, environ))
    read = tomllib.loads(shown)
    assert read["channels"]["hall"]["token"] == "******"
    assert read["server"]["read_body_within_s"] == 3.0
    assert not [value for value in environ.values() if value in shown]


def setting_paths() -> list[tuple[str, ...]]:
    """Every key of every table; free names as "x"."""
    found: list[tuple[str, ...]] = []
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        path = waiting.pop()
        for key in keys_at(path):
            found.append((*path, key))
            waiting.append((*path, key))
        if path and is_free_table(path) and types_at((*path, "x")):
            waiting.append((*path, "x"))
    return found


@pytest.mark.parametrize("path", setting_paths(), ids=".".join)
def test_every_setting_is_in_the_reference(path: tuple[str, ...]) -> None:
    document = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    section = re.split(r"^## ", document, flags=re.MULTILINE)
    (told,) = [part for part in section if re.match(rf"`\[{path[0]}(\.名字)?\]`", part)]
    assert len(path) == 1 or f"`{path[-1]}`" in told


@pytest.mark.parametrize("kind", ["websocket", "longpoll", "wechaty", "aispeech", "component"])
def test_a_bot_that_cannot_be_guarded_is_refused_by_name(tmp_path: Path, kind: str) -> None:
    (told,) = problems(tmp_path, SOUND.replace('kind = "webhook"', f'kind = "{kind}"'))
    assert f"vendor.kind: '{kind}' cannot be guarded" in told
    assert "docs/egress.md" in told


# --- coordination -----------------------------------------------------------------------------

SEAL_KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


@pytest.mark.parametrize(
    ("url", "servers"),
    [
        pytest.param(
            "redis://cache.internal",
            Servers("plain", (("cache.internal", 6379),), tls=False),
            id="one server",
        ),
        pytest.param(
            "rediss://guard@10.0.0.5:6380/3",
            Servers("plain", (("10.0.0.5", 6380),), tls=True, user="guard", database=3),
            id="with TLS, a user and a database",
        ),
        pytest.param(
            "redis+sentinel://10.0.0.1:26379,10.0.0.2/guard",
            Servers("sentinel", (("10.0.0.1", 26379), ("10.0.0.2", 26379)), tls=False, service="guard"),
            id="Sentinels",
        ),
        pytest.param(
            "rediss+cluster://[fd00::1]:7000,10.0.0.2",
            Servers("cluster", (("fd00::1", 7000), ("10.0.0.2", 6379)), tls=True),
            id="a cluster",
        ),
    ],
)
def test_an_address_of_the_coordination_says_what_is_there(
    tmp_path: Path, url: str, servers: Servers
) -> None:
    settings = load(tmp_path, f'[coordination]\nurl = "{url}"\nsecret_key = "{SEAL_KEY}"\n{SOUND}')
    assert servers_of(settings.coordination.url) == servers


@pytest.mark.parametrize(
    ("line", "told"),
    [
        pytest.param('url = "http://cache"', "expected redis://", id="another scheme"),
        pytest.param('url = "redis://"', "a host is missing", id="no host"),
        pytest.param('url = "redis://cache:99999"', "a host is missing or is none", id="no port"),
        pytest.param('url = "redis://a,b"', "one host", id="two plain servers"),
        pytest.param('url = "redis://:S3cretS3cret@a"', "set coordination.password", id="a password"),
        pytest.param('url = "redis+sentinel://a:1"', "name the service", id="no service"),
        pytest.param('url = "redis+cluster://a/1"', "no numbered databases", id="a cluster's database"),
        pytest.param('url = "redis://a?ssl_cert_reqs=none"', "expected redis://", id="options"),
        pytest.param('url = "redis://a"\nsecret_key = "S3cretS3cret"', "openssl rand", id="a short key"),
        pytest.param('url = "redis://a"', "secret_key: is missing", id="no key"),
        pytest.param('ca_file = "/nowhere/ca.pem"', "does not point to a file", id="no certificates"),
    ],
)
def test_what_is_wrong_with_the_coordination_is_told(tmp_path: Path, line: str, told: str) -> None:
    (problem,) = problems(tmp_path, f"[coordination]\n{line}\n{SOUND}")
    assert told in problem
    assert "coordination" in problem
    assert SECRET not in problem
