"""What processes call out to each other: one channel, one connection that listens, nobody who waits to call.

An announcement that is lost costs the time until somebody looks by himself, so it is never worth a wait.
"""

import asyncio
from contextlib import suppress
from functools import partial
from uuid import uuid4

from app.coordination.link import Away, Link, heeded
from app.coordination.local import Topics
from app.coordination.servers import Client

MOST_TOPICS = 4_096
"""Of one message; what is announced while so many wait to leave is lost."""
HEARTBEAT_S = 2.0
"""A connection that was silent for so long is asked whether it lives; after another such time it does not."""


class Bus:
    def __init__(self, client: Client, channel: str, link: Link, topics: Topics, timeout_s: float) -> None:
        self._client = client
        self._channel = channel
        self._link = link
        self._topics = topics
        self._timeout_s = timeout_s
        self._sender = uuid4().hex.encode()
        self._leaving: dict[str, None] = {}
        self._called = asyncio.Event()
        self._ending = False

    def announce(self, topic: str) -> None:
        """Here at once; elsewhere as soon as the message arrives."""
        self._topics.announce(topic)
        if not self._link.trouble and len(self._leaving) < MOST_TOPICS:
            self._leaving[topic] = None
            self._called.set()

    # --- calling ------------------------------------------------------------------------------

    async def call(self) -> None:
        """Send what was announced, together what came together; until `end`, and what is left then."""
        while not self._ending or self._leaving:
            await self._called.wait()
            self._called.clear()
            message = b"\n".join([self._sender, *(topic.encode(errors="replace") for topic in self._leaving)])
            self._leaving.clear()
            with suppress(Away):  # who waits elsewhere looks by himself
                await self._link.ask(partial(self._client.publish, self._channel, message))

    def end(self) -> None:
        self._ending = True
        self._called.set()

    # --- listening ----------------------------------------------------------------------------

    async def listen(self, ready: asyncio.Event) -> None:
        """Until cancelled; `ready` is set once the channel is heard for the first time."""
        while True:
            await self._link.whenever_up()
            try:
                await self._hear(ready)
            except Exception as error:  # whatever the client raises; the link knows when to try again
                self._link.lose(error)

    async def _hear(self, ready: asyncio.Event) -> None:
        """Until Redis was lost and found: it may be another now, while the old one holds the connection.

        Raises what the client raises, TimeoutError where the connection is silent.
        """
        times_up = self._link.times_up
        async with self._client.pubsub() as subscription:
            async with asyncio.timeout(self._timeout_s):
                await heeded(subscription.subscribe(self._channel))
                while await heeded(subscription.get_message(timeout=self._timeout_s)) is None:
                    continue
            if ready.is_set():
                self._topics.announce_all()
            ready.set()
            asked = False
            while times_up == self._link.times_up:
                message = await heeded(subscription.get_message(timeout=HEARTBEAT_S))
                if message is not None:
                    asked = False
                    self._heard(message)
                elif asked:
                    raise TimeoutError
                else:
                    asked = True
                    async with asyncio.timeout(self._timeout_s):
                        await heeded(subscription.ping())

    def _heard(self, message: dict[str, object]) -> None:
        data = message["data"]
        if message["type"] == "subscribe":  # the client has connected anew: something may have been missed
            self._topics.announce_all()
        if message["type"] != "message" or not isinstance(data, bytes):
            return
        sender, *topics = data.split(b"\n", MOST_TOPICS)
        if sender != self._sender:  # our own have been woken
            for topic in topics:
                self._topics.announce(topic.decode(errors="replace"))
