"""The circuit breaker: after failures on end nobody asks for a while, then one may try."""


class Breaker:
    """Closed, open for `retry_s` after `failures_max` failures on end, then open to one at a time.

    Times are seconds of one clock that does not go back.
    """

    def __init__(self, failures_max: int, retry_s: float) -> None:
        self._failures_max = failures_max
        self._retry_s = retry_s
        self._until_s = 0.0
        self._trying = False
        self.failures = 0

    @property
    def is_open(self) -> bool:
        """Whether so many failures came on end that only one at a time may ask, and not yet."""
        return self.failures >= self._failures_max

    def lets_through(self, now_s: float) -> bool:
        """Whether somebody may ask now; who is let through must say what came of it."""
        if not self.is_open:
            return True
        if self._trying or now_s < self._until_s:
            return False
        self._trying = True
        return True

    def succeeded(self) -> None:
        """An answer came: everybody may ask again."""
        self.failures, self._trying = 0, False

    def failed(self, now_s: float) -> None:
        """No answer came."""
        self.failures += 1
        self._until_s, self._trying = now_s + self._retry_s, False

    def given_up(self) -> None:
        """Whoever asked was called away before an answer could come: nothing is known."""
        self._trying = False
