"""Certificates are made anew while the guard runs, and none outlives the authority."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import gettempdir

import pytest

from app.web.bodies import Refused
from app.web.forward_proxy.authority import load_authority, make_authority
from app.web.forward_proxy.leaves import Leaves

NOW = datetime.now(UTC)


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def leaves(tmp_path: Path, clock: Clock) -> Leaves:
    made = make_authority(NOW, timedelta(days=30))
    (tmp_path / "ca.pem").write_bytes(made.certificate)
    (tmp_path / "ca.key").write_bytes(made.key)
    return Leaves(load_authority(tmp_path / "ca.pem", tmp_path / "ca.key", NOW), clock)


def test_a_certificate_serves_for_a_day_and_is_then_another(leaves: Leaves, clock: Clock) -> None:
    first = leaves.context("api.weibo.com")
    clock.now += timedelta(hours=23)
    assert leaves.context("api.weibo.com") is first
    clock.now += timedelta(hours=1)
    assert leaves.context("api.weibo.com") is not first


def test_each_host_has_its_own(leaves: Leaves) -> None:
    assert leaves.context("api.weibo.com") is not leaves.context("api.weixin.qq.com")


def test_nothing_is_shown_for_an_authority_that_has_expired(leaves: Leaves, clock: Clock) -> None:
    leaves.make_all()
    clock.now += timedelta(days=30)
    with pytest.raises(Refused) as refused:
        leaves.context("api.weibo.com")
    assert (refused.value.status, refused.value.code) == (503, "ca-expired")


def test_no_key_is_left_on_the_disk(leaves: Leaves) -> None:
    before = set(Path(gettempdir()).glob("shenyan-*"))
    leaves.make_all()
    assert set(Path(gettempdir()).glob("shenyan-*")) - before == set()
