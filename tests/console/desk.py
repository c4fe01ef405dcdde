"""The console on real services and records, and a person at it with a browser's cookies and forms."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import httpx

from app.coordination.pace import LocalPace
from app.core.canary import Canary
from app.core.checklist import ITEMS
from app.core.elements.extract import extract, topic_of
from app.core.elements.model import Elements
from app.core.explanation import Explanation, Reading
from app.core.identity import Permission, Role
from app.core.model import Conversation, Message, Reply
from app.core.records import Hold
from app.core.speakers import Speaker, SpeakerKind
from app.core.submission import Submission
from app.loading.gazetteer import load_gazetteer
from app.loading.phrases import load_phrases
from app.ports import HoldFilter
from app.service.alarms import Alarms
from app.service.canaries import Canaries
from app.service.checklists import Checklists, Wanted
from app.service.intake import Intake
from app.service.registering import Registering
from app.service.signing_in import SigningIn
from app.service.switches import Switches
from app.service.takeovers import Takeovers
from app.storage.alerts import SqlAlerts
from app.storage.checklists import SqlChecklists
from app.storage.database import Database
from app.storage.handovers import SqlHandovers
from app.storage.people import SqlPeople
from app.storage.registries import SqlRegistries
from app.storage.statistics import SqlStatistics
from app.storage.switches import SqlSwitches
from app.storage.takeovers import SqlTakeovers
from app.storage.watching import SqlWatching
from app.storage.work_orders import SqlWorkOrders
from app.web.console.parts import Channel, ConsoleParts, Watch
from app.web.console.site import console_site
from tests.service.stage import MOCKING, Stage, stage, toy_check
from tests.values import message

RULES = Path(__file__).parents[2] / "rules"
PASSWORD = "纸上得来终觉浅绝知此事"  # its last letters change with each person


@dataclass
class Person:
    """Somebody's browser."""

    http: httpx.AsyncClient
    page: httpx.Response = field(init=False)

    async def open(self, url: str) -> httpx.Response:
        self.page = await self.http.get(url, follow_redirects=True)
        return self.page

    async def submit(self, url: str, **fields: str | list[str]) -> httpx.Response:
        """With what the page's form carries hidden."""
        hidden = dict(re.findall(r'type="hidden" name="(\w+)"(?: id="\w+")? value="([^"]*)"', self.page.text))
        return await self.submit_bare(url, **{**{k: unescape(v) for k, v in hidden.items()}, **fields})

    async def submit_bare(self, url: str, **fields: str | list[str]) -> httpx.Response:
        self.page = await self.http.post(url, data=fields, follow_redirects=True)
        return self.page


@dataclass
class Desk:
    stage: Stage
    database: Database
    signing_in: SigningIn
    switches: Switches
    handovers: SqlHandovers
    takeovers: Takeovers
    app: Any
    watch: Watch

    async def somebody(self, name: str, role: Role, channels: tuple[str, ...] | None = None) -> Person:
        """Added, signed in, with a password of their own."""
        _, first = await self.signing_in.add(name, role, "test", channels)
        person = self.nobody()
        await person.open("/console/sign-in")
        await person.submit("/console/sign-in", name=name, password=first)
        await person.open("/console/password")
        own = f"{PASSWORD}-{name[::-1]}-x"
        await person.submit("/console/password", old=first, new=own, again=own)
        await person.submit("/console/sign-in", name=name, password=own)
        return person

    def nobody(self) -> Person:
        transport = httpx.ASGITransport(self.app)
        return Person(httpx.AsyncClient(transport=transport, base_url="http://guard"))

    async def held(self, reply: Reply = MOCKING, **changes: Any) -> Hold:
        """A reply that the guard has just held."""
        self.stage.bot.reply = reply
        await self.stage.relay.respond(message(**changes))
        page = await self.stage.store.holds(HoldFilter(limit=200))
        return max(page.items, key=lambda one: one.id)

    async def submitted(self, submission: Submission) -> Hold:
        """What a vendor has just submitted, held for review."""
        stage, relay = self.stage, self.stage.relay
        intake = Intake(
            "hall",
            relay.codec,
            relay.check,
            stage.store,
            relay.coordinator,
            stage.heard,
            stage.clock,
            relay.new_id,
            {},
            relay.conduct,
        )
        exchange = intake.exchange(submission, "acme", b"{}")
        await stage.store.claim(exchange, stage.clock())
        judged = await intake.judge(exchange, submission.reply)
        return await intake.hold(judged, stage.clock() + timedelta(days=7))

    async def hold(self, hold_id: str) -> Hold:
        return await self.stage.store.hold(hold_id)


def _explained(channel: str, text: str, message: str) -> Explanation:
    """As the toy check judges; nothing of how it came about."""
    verdict = toy_check(Reply.of(text), Conversation(message, channel=channel))
    return Explanation(verdict, Reading(text, text, "", (), ()), None, (), 0)


def _topic(text: str) -> str:
    found = topic_of(text, GAZETTEER)
    return found.name if found else ""


GAZETTEER = load_gazetteer(RULES.parent / "lexicons")


def _extracted(received: Message) -> Elements:
    """Character by character: what needs no dictionary is found."""
    return extract(received.text, received.received_at, lambda text: [(one, "x") for one in text], GAZETTEER)


@asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[Desk]:
    async with stage(folder) as here:
        here.bot.may_answer.set()
        signing_in = SigningIn(SqlPeople(here.store.database), here.clock)
        switches = Switches(SqlSwitches(here.store.database), here.review.coordinator, here.heard, here.clock)
        here.relay.stopped = lambda: switches.is_stopped("hall")
        handovers = SqlHandovers(here.store.database)
        takeovers = Takeovers(
            SqlTakeovers(here.store.database),
            here.review.coordinator,
            here.heard,
            here.clock,
            {"hall": timedelta(hours=2)},
        )
        watch = _watch(here)
        site = console_site(
            ConsoleParts(
                here.store,
                here.review,
                signing_in,
                here.review.coordinator,
                here.clock,
                {"hall": Channel(toy_check, "办事大厅", "vendor")},
                switches,
                load_phrases(RULES),
                _explained,
                handovers,
                SqlWorkOrders(here.store.database),
                here.review.new_id,
                _extracted,
                SqlStatistics(here.store.database, _topic),
                takeovers,
                LocalPace(),
                watch,
            )
        )
        yield Desk(here, here.store.database, signing_in, switches, handovers, takeovers, site, watch)


BOT = Speaker(SpeakerKind.BOT, "vendor", "webhook 10.0.0.5:8000 2.1")
CANARY = Canary("hall", frozenset({"tester"}), "慎言值守", b"a secret of the office's own")


def _watch(here: Stage) -> Watch:
    """Of one channel; who may speak beside its bot is who may release in the console."""
    database, new_id = here.store.database, here.review.new_id
    alarms = Alarms(SqlAlerts(database), here.heard, here.clock, new_id)

    async def speakers(channel: str) -> Sequence[Speaker]:
        people = [one for one in await SqlPeople(database).users() if one.may(Permission.DECIDE)]
        return sorted([BOT, *(Speaker(SpeakerKind.PERSON, one.name, one.role.value) for one in people)])

    every = {"hall": timedelta(minutes=30)}
    records = SqlWatching(database)
    wanted = {"hall": Wanted(ITEMS["wechat"], timedelta(days=30))}
    return Watch(
        alarms,
        Registering(("hall",), speakers, SqlRegistries(database), alarms, here.clock, new_id),
        Canaries({"hall": CANARY}, every, records, alarms, here.clock, here.clock.now),
        Checklists(wanted, SqlChecklists(database), here.clock, new_id),
    )
