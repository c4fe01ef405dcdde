"""Real processes: on free ports, ready, ended, and gone when whoever started them is."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.demo.emulator import new_client, read_accounts, write_accounts
from app.demo.processes import Child, DidNotStart, Surroundings, free_ports
from app.demo.sample import Ports, new_sample
from tests.demo.stage import accounts


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        yield bound.getsockname()[1]


def test_a_port_that_is_taken_is_replaced(taken: int) -> None:
    (free,) = free_ports((0,))
    ports = free_ports((taken, free))
    assert ports[0] != taken
    assert ports[1] == free


def test_accounts_survive_their_file(tmp_path: Path) -> None:
    written = accounts()
    write_accounts(written, tmp_path / "accounts.json")
    assert read_accounts(tmp_path / "accounts.json") == written


async def test_emulator_and_bot_start_twice_on_the_same_ports(tmp_path: Path) -> None:
    sample = new_sample(Ports(*free_ports((0, 0, 0))))
    file = tmp_path / "accounts.json"
    write_accounts(sample.accounts, file)
    surroundings = Surroundings(sample, tmp_path, file)
    async with new_client() as http:
        for _ in range(2):
            try:
                surroundings.start()
                await surroundings.ready(http, 20)
                asked = await http.get(f"{sample.vendor_url}/asked")
                assert asked.json() == []
            finally:
                surroundings.stop()


async def test_a_process_that_ends_at_once_is_reported_with_its_log(tmp_path: Path) -> None:
    child = Child("bot", ("-c", "raise SystemExit('no luck')"), tmp_path / "log")
    child.start()
    try:
        async with new_client() as http:
            with pytest.raises(DidNotStart, match="no luck"):
                await child.ready(http, "http://127.0.0.1:9/", 20)
    finally:
        child.stop()


def test_a_server_ends_with_whoever_started_it() -> None:
    (port,) = free_ports((0,))
    options = [f"--port={port}", "--wechat-token=a", "--weibo-secret=b", "--until-stdin-closes"]
    process = subprocess.Popen([sys.executable, "-m", "app.demo.vendor_bot", *options], stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.close()
    try:
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
