"""`python -m tests.faults.nursery`: reads the rules once, then forks off a guard for each line it is told.

In: {"name": word, "config": path, "strings": path, "log": path}. Out: {"name": word, "pid": n} at a birth,
{"pid": n, "status": n} at a death, and {"late_at": seconds, "by_s": seconds} whenever this process, which
does nothing else, was itself not given the processor: then nobody's lateness proves anything.
"""

import ctypes
import gc
import json
import os
import select
import signal
import sys
import time
from pathlib import Path

import app.main  # noqa: F401 - what every guard imports, it inherits
from tests.faults import guard

LOOK_EVERY_S = 0.02
LATE_S = 0.1
_PR_SET_PDEATHSIG = 1


def main() -> None:
    guard.read_rules_once(None, None, None)
    gc.collect()
    gc.freeze()
    say(ready=True)
    rest = b""
    while True:
        before = time.monotonic()
        readable, _, _ = select.select([0], [], [], LOOK_EVERY_S)
        late = time.monotonic() - before - LOOK_EVERY_S
        if late > LATE_S:
            say(late_at=before, by_s=late)
        bury()
        if not readable:
            continue
        told = os.read(0, 65_536)
        if not told:
            return
        *lines, rest = (rest + told).split(b"\n")
        for line in lines:
            bear(**json.loads(line))


def bear(name: str, config: str, strings: str, log: str) -> None:
    pid = os.fork()
    if pid:
        say(name=name, pid=pid)
        return
    try:
        # Guards outlive nobody: the driver's end is the nursery's, and the nursery's is theirs.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        os.setsid()
        nothing, heard = (
            os.open(os.devnull, os.O_RDWR),
            os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
        )
        for number, target in ((0, nothing), (1, nothing), (2, heard)):
            os.dup2(target, number)
        guard.serve(Path(config), Path(strings))
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(1)


def bury() -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        say(pid=pid, status=status)


def say(**facts: object) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
