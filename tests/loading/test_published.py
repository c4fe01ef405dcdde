"""What is published is packed the same way every time, and unpacked only where it fits."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.core.errors import ConfigError
from app.loading.published import CONTENTS, MOST_BYTES, overruled, pack, unpack
from app.settings.channels import ChannelBase, ChannelConduct
from app.settings.whole import Settings
from tests.loading.test_ruleset import written

BOT = {"kind": "chat", "url": "http://127.0.0.1:9", "model": "m"}
HALL = {
    "platform": "wechat",
    "bot": "vendor",
    "app_id": "wx1",
    "token": "PlatformToken26",
    "mode": "plaintext",
}


def settings(folder: Path, **changes: Any) -> Settings:
    rules, lexicons = written(folder)
    channel = {**HALL, **changes.pop("channel", {})}
    tables = {
        "rules": {"rules_dir": rules, "lexicons_dir": lexicons},
        "bots": {"vendor": BOT},
        "channels": {"hall": channel},
        **changes,
    }
    return Settings.model_validate(tables)


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    file = tmp_path / "hall.TOML"
    file.write_text('phones = ["028-12345678"]\n', "utf-8")
    return file


def changed(document: bytes, **files: bytes | None) -> bytes:
    """With other content of these files; None: without it. `_` in a name stands for `/`."""
    wanted = {name.replace("__", "/"): content for name, content in files.items()}
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(document)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            if name not in wanted:
                new.writestr(name, old.read(name))
        for name, content in wanted.items():
            if content is not None:
                new.writestr(name, content)
    return made.getvalue()


def test_what_comes_out_is_what_went_in(tmp_path: Path, facts: Path) -> None:
    publisher = settings(
        tmp_path / "a", policies={"default": {"hold_at": "low"}}, channel={"facts": str(facts)}
    )
    replica = settings(tmp_path / "b", channel={"facts": str(facts)})
    unpacked = unpack(pack(publisher), tmp_path / "out", replica)
    assert unpacked.policies == publisher.policies
    assert unpacked.rules.rules_dir == tmp_path / "out" / "rules"
    hall = unpacked.channels["hall"]
    assert hall.facts is not None
    assert hall.facts.read_bytes() == facts.read_bytes()
    for name in ("rules", "lexicons"):
        kept = {file.relative_to(tmp_path / "a"): file.read_bytes() for file in files(tmp_path / "a" / name)}
        found = {
            file.relative_to(tmp_path / "out"): file.read_bytes() for file in files(tmp_path / "out" / name)
        }
        assert found == kept


def files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def test_the_same_files_make_the_same_document(tmp_path: Path) -> None:
    assert pack(settings(tmp_path / "a")) == pack(settings(tmp_path / "b"))


def test_hidden_files_stay_behind(tmp_path: Path) -> None:
    made = settings(tmp_path)
    (tmp_path / "rules" / ".mockery.yaml.swp").write_bytes(b"an editor's")
    with zipfile.ZipFile(io.BytesIO(pack(made))) as document:
        assert not [name for name in document.namelist() if "/." in name]


TWO: Mapping[str, Any] = {"default": {}, "strict": {}}
CONDUCT = {
    "policy": "strict",
    "holding_text": "您的留言已收到。",
    "when_held": "nothing",
    "when_late": "nothing",
    "ai_label": "（人工智能生成）",
    "ai_label_at": "start",
    "takeover": False,
    "takeover_rests_minutes": 30.0,
    "posts": "check",
    "posts_within_hours": 24.0,
}


def test_how_a_channel_treats_its_citizens_is_the_publications(tmp_path: Path) -> None:
    publisher = settings(tmp_path / "a", channel=CONDUCT, policies=TWO)
    unpacked = unpack(pack(publisher), tmp_path / "out", settings(tmp_path / "b")).channels["hall"]
    assert set(CONDUCT) == set(ChannelConduct.model_fields)
    assert unpacked.model_dump(include=set(CONDUCT)) == CONDUCT


def test_what_this_machines_file_says_otherwise_is_named(tmp_path: Path) -> None:
    policies = {"default": {"hold_at": "low"}, "strict": {}}
    publisher = settings(tmp_path / "a", channel=CONDUCT, policies=policies)
    own = {"takeover": True, "posts": "check", "title": "二号机"}
    replica = settings(tmp_path / "b", channel=own, policies={"default": {}})
    published = unpack(pack(publisher), tmp_path / "out", replica)
    assert overruled(replica, published) == ["channels.hall.takeover", "policies.default"]


def test_a_file_that_leaves_it_to_the_publication_says_nothing_otherwise(tmp_path: Path) -> None:
    publisher = settings(tmp_path / "a", channel=CONDUCT, policies=TWO)
    replica = settings(tmp_path / "b")
    assert overruled(replica, unpack(pack(publisher), tmp_path / "out", replica)) == []
    assert overruled(publisher, unpack(pack(publisher), tmp_path / "same", publisher)) == []


def test_accounts_bots_and_machines_stay_each_machines_own(tmp_path: Path) -> None:
    own = {"app_id": "wx2", "token": "AnotherToken27", "title": "二号机", "bot_at_once": 7}
    replica = settings(tmp_path / "b", channel=own, server={"port": 9001})
    unpacked = unpack(
        pack(settings(tmp_path / "a", channel=CONDUCT, policies=TWO)), tmp_path / "out", replica
    )
    assert (unpacked.server, unpacked.bots) == (replica.server, replica.bots)
    kept = set(ChannelBase.model_fields) - set(CONDUCT) | {"app_id", "token"}
    assert unpacked.channels["hall"].model_dump(include=kept) == replica.channels["hall"].model_dump(
        include=kept
    )


def test_a_channel_that_was_not_published_keeps_what_its_machine_says(tmp_path: Path) -> None:
    replica = settings(tmp_path / "b", channel={"holding_text": "您的留言已收到。"})
    older = changed(pack(settings(tmp_path / "a")), **{CONTENTS: contents()})
    unpacked = unpack(older, tmp_path / "out", replica)
    assert unpacked.channels["hall"].holding_text == "您的留言已收到。"


def test_a_place_outside_of_the_folder_is_not_written_to(tmp_path: Path) -> None:
    hostile = changed(pack(settings(tmp_path / "a")), **{"..__..__evil.yaml": b"x"})
    unpack(hostile, tmp_path / "deep" / "out", settings(tmp_path / "b"))
    assert not (tmp_path / "evil.yaml").exists()
    assert not (tmp_path / "deep" / "evil.yaml").exists()


def contents(**changes: Any) -> bytes:
    return json.dumps({"format": 1, "policies": {"default": {}}, "facts": {}, **changes}).encode()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(contents(format=2), "format: .* newer Shenyan", id="a newer format"),
        pytest.param(
            contents(policies={"default": {"hold_all": True}}),
            "policies.default.hold_all: .* newer Shenyan",
            id="a key of a newer release",
        ),
        pytest.param(
            contents(policies={"strict": {}}), r"there is no \[policies.default\]", id="a policy is missing"
        ),
        pytest.param(
            contents(conduct={"hall": {"policy": "strict"}}),
            r"channels.hall.policy: there is no \[policies.strict\]",
            id="a policy of the channel's is missing",
        ),
        pytest.param(
            contents(policies={"default": {"second_opinion": True}}),
            r"there is no \[second_opinion\]",
            id="nobody is there to give a second opinion",
        ),
        pytest.param(b"[", "cannot be read: JSONDecodeError", id="no JSON"),
        pytest.param(None, "cannot be read: FileNotFoundError", id="no contents"),
    ],
)
def test_a_document_that_does_not_fit_is_refused_whole(
    tmp_path: Path, content: bytes | None, told: str
) -> None:
    document = changed(pack(settings(tmp_path / "a")), **{CONTENTS: content})
    with pytest.raises(ConfigError, match=told):
        unpack(document, tmp_path / "out", settings(tmp_path / "b"))


def test_a_channel_with_facts_needs_the_published_ones(tmp_path: Path, facts: Path) -> None:
    document = pack(settings(tmp_path / "a"))
    with pytest.raises(ConfigError, match=r"channels.hall.facts: the publication has no list"):
        unpack(document, tmp_path / "out", settings(tmp_path / "b", channel={"facts": str(facts)}))


def test_what_is_no_document_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: BadZipFile"):
        unpack(b"PK no zip", tmp_path / "out", settings(tmp_path / "b"))


def test_a_document_that_would_fill_the_disk_is_refused_unopened(tmp_path: Path) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as document:
        document.writestr("rules/bomb.yaml", b"\0" * (MOST_BYTES + 1))
    with pytest.raises(ConfigError, match="larger than"):
        unpack(bomb.getvalue(), tmp_path / "out", settings(tmp_path / "b"))
    assert not (tmp_path / "out").exists()
