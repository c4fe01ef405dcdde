"""What the driver and a guard share: a small file in memory with the step to die at and the clock's offset.

The driver writes the step; the guard that reaches it writes that it did, and kills itself there.
"""

import mmap
import struct
from enum import IntEnum
from pathlib import Path
from typing import Self

_LAYOUT = struct.Struct("<iii")


class Step(IntEnum):
    """Where a guard may be made to die."""

    NONE = 0
    AFTER_CLAIM = 1
    BOT_ASKED = 2
    AFTER_CHECK = 3
    BEFORE_COMMIT = 4
    AFTER_COMMIT = 5
    BEFORE_SEND = 6
    AFTER_SEND = 7
    BEFORE_SEND_RECORD = 8

    @property
    def spelled(self) -> str:
        return self.name.lower().replace("_", "-")


STEPS = tuple(step for step in Step if step is not Step.NONE)


class Strings:
    """What a guard hangs by."""

    def __init__(self, memory: mmap.mmap) -> None:
        self._memory = memory

    @classmethod
    def at(cls, path: Path) -> Self:
        if not path.exists():
            path.write_bytes(bytes(_LAYOUT.size))
        with path.open("r+b") as file:
            return cls(mmap.mmap(file.fileno(), _LAYOUT.size))

    @property
    def doom(self) -> Step:
        return Step(self._read()[0])

    def doom_to(self, step: Step) -> None:
        """The next time it reaches `step`, it dies."""
        _, _, offset = self._read()
        self._write(step, Step.NONE, offset)

    @property
    def died_at(self) -> Step:
        return Step(self._read()[1])

    def dying(self, step: Step) -> None:
        _, _, offset = self._read()
        self._write(Step.NONE, step, offset)

    @property
    def clock_offset_s(self) -> int:
        return self._read()[2]

    def move_clock(self, offset_s: int) -> None:
        doom, died, _ = self._read()
        self._write(doom, died, offset_s)

    def _read(self) -> tuple[int, int, int]:
        doom, died, offset = _LAYOUT.unpack(self._memory[: _LAYOUT.size])
        return doom, died, offset

    def _write(self, doom: int, died: int, offset_s: int) -> None:
        self._memory[: _LAYOUT.size] = _LAYOUT.pack(doom, died, offset_s)
