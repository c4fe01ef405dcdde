"""Work that one of all processes does at a time, and then nobody for a while."""

from datetime import timedelta

from app.ports import Coordinator

_CHOOSING = timedelta(seconds=30)


def rest_of(work: str) -> str:
    """The key that says the work is under way or rests: while it is there, nobody begins."""
    return f"{work}:rest"


async def is_ours(coordinator: Coordinator, work: str, taken_up_after: timedelta) -> bool:
    """Whether to begin now; what was begun and never ended is taken up after so long.

    While processes are apart each may think so: the records must bear that.
    """
    async with coordinator.lock(work, _CHOOSING):
        if await coordinator.get(rest_of(work)) is not None:
            return False
        await coordinator.put(rest_of(work), "begun", taken_up_after)
        return True
