"""Faults over a real connection: what a client sees, and whether the follower got it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from app.demo.emulator import Emulator, make_emulator, new_client
from app.demo.faults import GARBAGE, Fault
from tests.demo.stage import WECHAT, StubGuard, accounts, served

USER = "o-user"
SEND = "/cgi-bin/message/custom/send"
REPLY = "/2/messages/reply.json"


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app=StubGuard([200])))
    emulator = make_emulator(accounts(), http)
    await emulator.wechat.push(USER)
    yield emulator
    await http.aclose()


@pytest.fixture
async def api(emulator: Emulator) -> AsyncIterator[httpx.AsyncClient]:
    async with served(emulator.app) as url, new_client() as client:
        client.base_url = httpx.URL(url)
        yield client


async def send(api: httpx.AsyncClient) -> httpx.Response:
    wanted = {"grant_type": "client_credential", "appid": WECHAT.app_id, "secret": WECHAT.app_secret}
    token = (await api.post("/cgi-bin/stable_token", json=wanted)).json()["access_token"]
    body = {"touser": USER, "msgtype": "text", "text": {"content": "您好"}}
    return await api.post(SEND, params={"access_token": token}, json=body, timeout=0.5)


async def order(api: httpx.AsyncClient, **fault: object) -> int:
    return (await api.post("/emulator/faults", json={"path": SEND, **fault})).status_code


@pytest.mark.parametrize(
    ("kind", "error", "received"),
    [
        pytest.param("hang", httpx.ReadTimeout, 0, id="hangs"),
        pytest.param("drop after reading", httpx.RemoteProtocolError, 0, id="drops"),
        pytest.param("drop after doing", httpx.RemoteProtocolError, 1, id="drops what it has done"),
    ],
)
async def test_a_broken_connection(
    emulator: Emulator, api: httpx.AsyncClient, kind: str, error: type[Exception], received: int
) -> None:
    assert await order(api, kind=kind) == 200
    with pytest.raises(error):
        await send(api)
    assert len(emulator.inbox.of(USER)) == received
    assert (await send(api)).json()["errcode"] == 0


async def test_refusals_are_used_up_in_order(emulator: Emulator, api: httpx.AsyncClient) -> None:
    await order(api, errcode=-1, times=2)
    await order(api, errcode=45015)
    assert [(await send(api)).json()["errcode"] for _ in range(4)] == [-1, -1, 45015, 0]
    assert len(emulator.inbox.of(USER)) == 1


async def test_server_errors_and_garbage(api: httpx.AsyncClient) -> None:
    await order(api, kind="500")
    await order(api, kind="garbage")
    assert (await send(api)).status_code == 500
    assert (await send(api)).content == GARBAGE


async def test_faults_can_be_cleared(api: httpx.AsyncClient) -> None:
    await order(api, errcode=-1, times=100)
    await api.delete("/emulator/faults")
    assert (await send(api)).json()["errcode"] == 0


@pytest.mark.parametrize("code", [pytest.param(10023, id="number"), pytest.param("10023", id="string")])
async def test_weibo_codes_are_numbers_or_strings(api: httpx.AsyncClient, code: int | str) -> None:
    await api.post("/emulator/faults", json={"path": REPLY, "errcode": code})
    answer = await api.post(REPLY)
    assert (answer.status_code, answer.json()["error_code"]) == (400, code)


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param({"path": SEND}, id="neither code nor kind"),
        pytest.param({"errcode": 1}, id="no path"),
        pytest.param({"path": SEND, "kind": "explode"}, id="unknown kind"),
        pytest.param({"path": SEND, "errcode": 1, "times": 0}, id="no times"),
        pytest.param({"path": SEND, "errcode": [1]}, id="a list of codes"),
    ],
)
def test_a_fault_that_means_nothing_is_refused(wanted: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Fault.of(wanted)
