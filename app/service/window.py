"""Who may still answer the webhook: a one-shot that the timer and the relay race for."""


class Window:
    """One push's answer window. All methods run on one event loop, so no step of it is ever half done."""

    __slots__ = ("_final", "_taken")

    def __init__(self) -> None:
        self._taken = False
        self._final = False

    def take(self) -> bool:
        """True for the first asker only."""
        first = not self._taken
        self._taken = True
        return first

    def close(self) -> bool:
        """The timer's last word. True: no answer leaves any more; False: one has become final before."""
        self._taken = True
        if self._final:
            return False
        self._final = True
        return True

    def finalise(self) -> bool:
        """The relay's answer is durable. True: it may leave; False: the timer was faster, it is late."""
        if self._final:
            return False
        self._final = True
        return True

    @property
    def closed(self) -> bool:
        return self._final
