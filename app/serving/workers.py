"""Several processes behind the same doors: started, watched, begun anew, replaced one by one, drained.

SIGTERM and SIGINT drain them all. SIGHUP reads the configuration and the rules anew: each process is
replaced by one that has loaded them, and ends only once its successor serves; what cannot be loaded changes
nothing.
"""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from app.core.errors import ConfigError, GuardError
from app.serving.doors import Doors, open_doors
from app.serving.single import Announce, run
from app.settings.whole import Settings
from app.telemetry.logs import configure
from app.telemetry.siblings import Siblings

SPAWN = multiprocessing.get_context("spawn")
LOOK_EVERY_S = 0.5
STARTS_WITHIN_S = 120.0
"""Longer than the rules take to load on a busy machine."""
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
STEADY_S = 60.0
"""One that lived so long is begun anew after the first pause."""
WRONG = 2
"""The exit code of a configuration that cannot be served."""


@dataclass(slots=True)
class Worker:
    number: int
    process: SpawnProcess
    told: Connection
    """Its announcement, once it serves."""
    lifeline: Connection
    """Closed with us, whatever ends us: then it drains too."""
    began: float = field(default_factory=time.monotonic)

    def serves(self, within_s: float) -> tuple[str, str, str] | None:
        """What it announced; None: it has not, or is gone."""
        try:
            if self.told.poll(within_s):
                told: tuple[str, str, str] = self.told.recv()
                return told
        except (EOFError, OSError):
            return None
        return None

    def end(self, within_s: float) -> None:
        """Drained; killed only where that takes too long."""
        self.process.terminate()
        self.process.join(within_s)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()


def serve_many(load: Callable[[], Settings], count: int, announce: Announce) -> None:
    """Until SIGTERM or SIGINT. `load` reads the configuration. Raises ConfigError."""
    settings = load()
    configure(settings.monitoring.log_format, settings.monitoring.log_level)
    with TemporaryDirectory(prefix="shenyan-") as folder, _signals() as heard:
        _Crew(load, settings, open_doors(settings), Path(folder), heard).work(count, announce)


class _Crew:
    def __init__(
        self, load: Callable[[], Settings], settings: Settings, doors: Doors, folder: Path, heard: list[int]
    ) -> None:
        self._load = load
        self._settings = settings
        self._doors = doors
        self._folder = folder
        self._heard = heard
        self._log = structlog.get_logger("workers")
        self._workers: list[Worker] = []
        self._pauses_s: dict[int, float] = {}
        """By number: how long the latest pause was before one was begun anew."""
        self._again_at: dict[int, float] = {}
        """By number, of the dead: when they are begun anew, on the monotonic clock."""

    def work(self, count: int, announce: Announce) -> None:
        try:
            self._workers = [self._start(number) for number in range(count)]
            announced = [self._await_start(worker) for worker in self._workers]
            url, proxy, _ = announced[0]
            announce(url, proxy, next((password for _, _, password in announced if password), ""))
            while not self._ending:
                wait([worker.process.sentinel for worker in self._living], LOOK_EVERY_S)
                self._reload_if_asked()
                self._replace_the_dead()
        finally:
            for worker in self._workers:
                worker.process.terminate()
            for worker in self._workers:
                worker.end(self._drains_within_s)

    @property
    def _ending(self) -> bool:
        return signal.SIGTERM in self._heard or signal.SIGINT in self._heard

    @property
    def _living(self) -> list[Worker]:
        return [worker for worker in self._workers if worker.process.exitcode is None]

    @property
    def _drains_within_s(self) -> float:
        """The web server's connections, then the conversations under way."""
        return 2 * self._settings.server.drain_within_s + 5

    def _start(self, number: int) -> Worker:
        told, tell = SPAWN.Pipe(duplex=False)
        end, lifeline = SPAWN.Pipe(duplex=False)
        process = SPAWN.Process(
            target=_work,
            args=(self._settings, self._doors, number, self._folder, tell, end),
            name=f"shenyan-{number}",
        )
        process.start()
        tell.close()
        end.close()
        return Worker(number, process, told, lifeline)

    def _await_start(self, worker: Worker) -> tuple[str, str, str]:
        """Raises ConfigError where it ends before it serves."""
        until = time.monotonic() + STARTS_WITHIN_S
        while time.monotonic() < until and not self._ending:
            if (told := worker.serves(LOOK_EVERY_S)) is not None:
                return told
            if worker.process.exitcode is not None:
                break
        if self._ending:
            return "", "", ""
        raise ConfigError(f"worker {worker.number} did not start; its reason stands above")

    def _replace_the_dead(self) -> None:
        """Each after a pause of its own, which keeps nobody else waiting. Raises ConfigError."""
        for place, worker in enumerate(self._workers):
            if worker.process.exitcode is None or self._ending:
                continue
            if worker.number not in self._again_at:
                self._note_the_death(worker)
            elif time.monotonic() >= self._again_at[worker.number]:
                del self._again_at[worker.number]
                self._workers[place] = self._start(worker.number)

    def _note_the_death(self, worker: Worker) -> None:
        """Raises ConfigError where none is left and what is configured cannot be served. While others serve,
        what they have loaded is good, and what lies on the disk now may be half written."""
        self._log.error("worker.gone", worker=worker.number, exitcode=worker.process.exitcode)
        if worker.process.exitcode == WRONG and not self._living:
            raise ConfigError(f"worker {worker.number} cannot serve; its reason stands above")
        before_s = (
            0.0 if time.monotonic() - worker.began >= STEADY_S else self._pauses_s.get(worker.number, 0)
        )
        pause_s = min(max(2 * before_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)
        self._pauses_s[worker.number] = pause_s
        self._again_at[worker.number] = time.monotonic() + pause_s

    # --- SIGHUP ---------------------------------------------------------------------------------

    def _reload_if_asked(self) -> None:
        if signal.SIGHUP not in self._heard:
            return
        self._heard[:] = [one for one in self._heard if one != signal.SIGHUP]
        try:
            wanted = self._load()
        except GuardError as error:
            self._log.error("reload.refused", detail=str(error))
            return
        self._warn_of_what_stays(wanted)
        before, self._settings = self._settings, wanted
        for place, worker in enumerate(self._workers):
            successor = self._start(worker.number)
            try:
                self._await_start(successor)
            except ConfigError as error:
                successor.end(1)
                self._settings = before
                self._log.error("reload.refused", detail=str(error), replaced=place)
                return
            if self._ending:  # all are drained together, by whoever ends this
                self._workers.append(successor)
                return
            worker.end(self._drains_within_s)
            self._again_at.pop(worker.number, None)
            self._workers[place] = successor
        self._log.info("reload.done", workers=len(self._workers))

    def _warn_of_what_stays(self, wanted: Settings) -> None:
        """The doors are open already."""
        now = self._settings
        if (now.server.host, now.server.port) != (wanted.server.host, wanted.server.port):
            self._log.warning("reload.needs-restart", setting="server.host, server.port")
        if (now.forward_proxy is None) != (wanted.forward_proxy is None):
            self._log.warning("reload.needs-restart", setting="forward_proxy")


def _work(
    settings: Settings, doors: Doors, number: int, folder: Path, tell: Connection, end: Connection
) -> None:
    """One process of the crew."""
    threading.Thread(target=_drain_with_the_parent, args=(end,), daemon=True).start()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        run(settings, doors, lambda *told: tell.send(told), Siblings(folder, number))
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(WRONG)
    except GuardError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.exit(1)


def _drain_with_the_parent(end: Connection) -> None:
    try:
        end.recv()
    except (EOFError, OSError):
        os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _signals() -> Iterator[list[int]]:
    """What was heard since; each as often as it came."""
    heard: list[int] = []
    kinds = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {kind: signal.signal(kind, lambda number, _: heard.append(number)) for kind in kinds}
    try:
        yield heard
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
