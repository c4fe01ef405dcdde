"""The forward proxy as a process, on the loop it runs on: one signal ends both doors."""

import asyncio
import json
import signal
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.web.forward_proxy.authority import make_authority
from tests.e2e import processes
from tests.e2e.proxied import HOST, answer_of, code_of, connect, request
from tests.e2e.surroundings import APP_ID, APP_SECRET, TOKEN
from tests.e2e.test_second_door import SECRET, vendor

CONFIG = """
[server]
port = 0
[storage]
url = "sqlite:///{folder}/records.db"
[bots.chat]
kind = "chat"
url = "http://127.0.0.1:9/v1/chat/completions"
model = "m"
[channels.hall]
platform = "wechat"
bot = "chat"
app_id = "{app_id}"
token = "{token}"
mode = "plaintext"
app_secret = "{app_secret}"
[vendors.acme]
channel = "hall"
secret_sha256 = ["{secret}"]
[forward_proxy]
port = 0
ca_certificate = "{folder}/ca.pem"
ca_key = "{folder}/ca.key"
"""


def configuration(folder: Path, lives: timedelta = timedelta(days=1)) -> Path:
    made = make_authority(datetime.now(UTC) - timedelta(hours=12), lives)
    (folder / "ca.pem").write_bytes(made.certificate)
    (folder / "ca.key").write_bytes(made.key)
    (secret,) = vendor()["secret_sha256"]
    written = folder / "shenyan.toml"
    facts = {"folder": folder, "app_id": APP_ID, "token": TOKEN, "app_secret": APP_SECRET, "secret": secret}
    written.write_text(CONFIG.format(**facts), encoding="utf-8")
    return written


@pytest.mark.timeout(120)
async def test_sigterm_finishes_the_call_under_way_and_takes_no_other(tmp_path: Path) -> None:
    async with processes.running(configuration(tmp_path)) as process:
        line = await processes.told(process, "forward proxy: http://")
        port = int(line.rpartition(":")[2])
        opened = [await a_tunnel(tmp_path, port) for _ in range(2)]
        (reader, writer), (idle, _) = opened
        body = json.dumps({"grant_type": "client_credential", "appid": APP_ID, "secret": SECRET}).encode()
        raw = request("POST", "/cgi-bin/stable_token", body)
        writer.write(raw[:-10])
        await writer.drain()
        await asyncio.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        assert await idle.read() == b""  # nothing was under way there
        with pytest.raises(OSError, match="Connect call failed"):
            await asyncio.open_connection("127.0.0.1", port)
        writer.write(raw[-10:])
        answer = await answer_of(reader)
        assert (code_of(answer), b"access_token" in answer) == (0, True)
        assert await process.wait() == 0
        for _, one in opened:
            one.close()


async def a_tunnel(folder: Path, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(connect())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    await writer.start_tls(context, server_hostname=HOST)
    return reader, writer


@pytest.mark.timeout(60)
async def test_a_ca_that_has_expired_is_one_clear_line_at_start(tmp_path: Path) -> None:
    told = await processes.refused(configuration(tmp_path, timedelta(hours=1)))
    assert "forward_proxy.ca_certificate" in told
    assert "shenyan proxy ca" in told
    assert "Traceback" not in told
