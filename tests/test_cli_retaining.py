"""`shenyan db restore` and `archive`, from the command line."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.storage.sql import SqlStore
from tests.contract.given import answered, claimed, entry
from tests.test_cli import Run, config, rules, run

__all__ = ["config", "rules", "run"]  # fixtures

OLD = datetime(2020, 3, 2, 4, tzinfo=UTC)


@pytest.fixture
def used(config: Path) -> Path:
    """A configuration whose records hold one old and one new message, and an old audit entry."""

    async def write() -> None:
        store = await SqlStore.open(f"sqlite:///{config.with_suffix('.db')}", 2.0)
        for number, at in ((1, OLD), (2, datetime.now(UTC))):
            await store.record(answered((await claimed(store, number, at=at)).exchange))
        await store.append_audit(entry(at=OLD))
        await store.append_audit(entry(at=datetime.now(UTC)))
        await store.aclose()

    asyncio.run(write())
    return config


def limited(config: Path, lines: str) -> None:
    config.write_text(f"{config.read_text('utf-8')}\n[retention]\n{lines}\n", "utf-8")


def test_a_backup_is_restored_where_nothing_is(run: Run, used: Path, tmp_path: Path) -> None:
    assert run("db", "backup", "-c", str(used), str(tmp_path / "copy")).code == 0
    refused = run("db", "restore", "-c", str(used), str(tmp_path / "copy"))
    assert (refused.code, "--replace" in refused.err) == (2, True)
    used.with_suffix(".db").unlink()
    restored = run("db", "restore", "-c", str(used), str(tmp_path / "copy"))
    assert (restored.code, "2 exchanges" in restored.out) == (0, True)
    assert "3 条" in run("audit", "verify", "-c", str(used)).out


@pytest.mark.parametrize(
    ("typed", "code"),
    [pytest.param(b"town.db\n", 0, id="its name"), pytest.param(b"yes\n", 2, id="just yes")],
)
def test_records_are_replaced_when_somebody_types_their_name(
    run: Run, used: Path, tmp_path: Path, typed: bytes, code: int
) -> None:
    assert run("db", "backup", "-c", str(used), str(tmp_path / "copy")).code == 0
    ended = run("db", "restore", "-c", str(used), "--replace", str(tmp_path / "copy"), stdin=typed)
    assert (ended.code, "已恢复" in ended.out) == (code, code == 0)
    trail = run("audit", "export", "--format", "jsonl", "-c", str(used)).answers
    assert ("records.restore" in [one["action"] for one in trail]) == (code == 0)


def test_records_that_cannot_be_read_any_more_are_replaced_too(run: Run, used: Path, tmp_path: Path) -> None:
    assert run("db", "backup", "-c", str(used), str(tmp_path / "copy")).code == 0
    used.with_suffix(".db").write_bytes(b"spoilt" * 10_000)
    assert run("db", "restore", "-c", str(used), str(tmp_path / "copy")).code != 0
    replacing = ("db", "restore", "-c", str(used), "--replace", str(tmp_path / "copy"))
    assert run(*replacing, stdin=b"yes\n").code == 2
    restored = run(*replacing, stdin=b"town.db\n")
    assert (restored.code, "2 exchanges" in restored.out) == (0, True)
    assert "3 条" in run("audit", "verify", "-c", str(used)).out


def test_what_is_old_is_archived_and_the_chain_goes_through_both(
    run: Run, used: Path, tmp_path: Path
) -> None:
    limited(used, f'exchanges_days = 184\naudit_days = 400\narchive_dir = "{tmp_path}/old"')
    counted = run("db", "archive", "--dry-run", "-c", str(used))
    assert (counted.code, counted.out) == (0, "exchanges: 1\naudit: 1\n")
    done = run("db", "archive", "-c", str(used))
    assert done.code == 0
    assert [line.split("-2020-03-")[0] for line in done.out.splitlines()] == ["exchanges", "audit"]
    assert "没有到期的" in run("db", "archive", "-c", str(used)).out
    alone = run("audit", "verify", "-c", str(used))
    assert (alone.code, "第 1 到 1 条只在归档里" in alone.out) == (0, True)
    whole = run("audit", "verify", "--archive", str(tmp_path / "old"), "-c", str(used))
    assert (whole.code, "共 4 条，其中 1 条" in whole.out) == (0, True)
    for file in (tmp_path / "old").glob("exchanges-*.jsonl.gz"):
        file.unlink()
    missing = run("audit", "verify", "--archive", str(tmp_path / "old"), "-c", str(used))
    assert (missing.code, "is missing" in missing.err) == (1, True)


def test_a_day_that_is_too_late_is_refused(run: Run, used: Path) -> None:
    ended = run("db", "archive", "--before", f"{datetime.now(UTC):%Y-%m-%d}", "-c", str(used))
    assert (ended.code, "网络安全法" in ended.err) == (2, True)


def test_without_a_limit_everything_is_kept(run: Run, used: Path) -> None:
    ended = run("db", "archive", "-c", str(used))
    assert (ended.code, "retention" in ended.err) == (2, True)


@pytest.mark.parametrize("key", ["exchanges_days", "holds_days", "audit_days"])
def test_a_limit_below_the_laws_names_it(run: Run, used: Path, key: str) -> None:
    limited(used, f"{key} = 183")
    ended = run("config", "check", "-c", str(used))
    assert ended.code == 2
    assert f"retention.{key}" in ended.err
    assert "Cybersecurity Law (article 23)" in ended.err
    assert "184 days" in ended.err
