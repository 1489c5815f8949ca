"""What the account may do, judged from everything that is known to be wrong with it."""

from typing import Final

import msgspec

from actors.risk.breakers import Recent, Verdicts
from actors.risk.windows import Window, inside, parse_window
from actors.settings import more_than_zero, within
from actors.valuation import Prices
from contracts.account import Equity
from contracts.decision import AccountState, GateState
from contracts.quantities import SECOND_NS, Money, Nanos, Seconds

HALTING: Final = ("halt", "mismatch", "drawdown", "rejects", "fills", "external")
"""Latches that stop every order; the others (loss, repeats, flatten) still let positions be closed."""

MINUTE_NS: Final = 60 * SECOND_NS
"""The grain of trading windows."""

NEVER_NS: Final = 2**63


class SentinelSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the account is reduced or halted.

    `loss_max` per UTC day and `drawdown_ratio_max` from the peak (C11, C12); at most `orders_max` orders and
    `fills_max` fills in `repeat_window_s` (C6); at most `rejects_in_row_max` rejects in a row and `rejects_ratio_max`
    of the last `rejects_window` orders (C19); a fill at most `fill_band_ratio_max` from the mark and a fee of at most
    `fee_ratio_max` of the notional (C20). Stalls and clock steps close order entry for `quiet_s`. `external_halts`: an
    execution that is not ours halts. `windows` are the UTC times for new risk; none means always.

    Raises:
        ValueError: a limit that is no positive finite number, a ratio above 1, or a window that cannot be read.
    """

    loss_max: Money
    drawdown_ratio_max: float
    orders_max: int
    fills_max: int
    repeat_window_s: Seconds
    rejects_in_row_max: int
    rejects_ratio_max: float
    rejects_window: int
    fill_band_ratio_max: float
    fee_ratio_max: float
    quiet_s: Seconds
    external_halts: bool
    windows: tuple[str, ...]

    def __post_init__(self) -> None:
        ratios = ("drawdown_ratio_max", "rejects_ratio_max", "fill_band_ratio_max", "fee_ratio_max")
        counts = ("orders_max", "fills_max", "rejects_in_row_max", "rejects_window")
        more_than_zero("sentinel", **{name: getattr(self, name) for name in (*ratios, *counts)})
        more_than_zero("sentinel", loss_max=float(self.loss_max))
        more_than_zero("sentinel", repeat_window_s=self.repeat_window_s, quiet_s=self.quiet_s)
        within("sentinel", 0.0, 1.0, **{name: getattr(self, name) for name in ratios})
        for text in self.windows:
            parse_window(text)


class SentinelState(msgspec.Struct, kw_only=True):
    """The whole sentinel. `latches` by name; `spent` are the groups of what is not restarted any more, by name.

    `beats` is when each kind of beat was last heard, `still` whether the last one was no later than the one before.
    """

    said: GateState | None = None
    started: bool = False
    account_epoch: int = 0
    recovering: bool = False
    reconciled: bool = False
    mismatch_ns: Nanos = 0
    latches: dict[str, str] = {}
    feeds: dict[str, dict[str, str]] = {}
    venues: dict[str, str] = {}
    spent: dict[str, str] = {}
    quiet: str = ""
    quiet_until_ns: Nanos = 0
    beats: dict[str, Nanos] = {}
    still: bool = False
    equity_complete: bool = False
    stopping: str = ""
    prices: Prices = msgspec.field(default_factory=Prices)
    orders: Recent = msgspec.field(default_factory=Recent)
    fills: Recent = msgspec.field(default_factory=Recent)
    verdicts: Verdicts = msgspec.field(default_factory=Verdicts)


def too_much_lost(equity: Equity, settings: SentinelSettings) -> dict[str, str]:
    """The limits that what was lost is beyond, by the names of their latches; what is no number is beyond."""
    lost, found = equity.day_start - equity.equity, {}
    if not lost <= settings.loss_max:
        at_most = f"at most {settings.loss_max:.2f} {equity.currency}"
        found["loss"] = f"loss of the day {lost:.2f} {equity.currency}, {at_most}"
    down = float((equity.peak - equity.equity) / equity.peak) if equity.peak > 0 else 1.0
    if not down <= settings.drawdown_ratio_max:
        found["drawdown"] = f"drawdown {down:.2%}, at most {settings.drawdown_ratio_max:.2%}"
    return found


def stands_until(state: SentinelState, windows: tuple[Window, ...], at_ns: Nanos) -> Nanos:
    """Until when a judgement of `at_ns` stands by itself: then a time is over, or a window may open or close."""
    until_ns = (at_ns // MINUTE_NS + 1) * MINUTE_NS if windows else NEVER_NS
    return min(until_ns, state.quiet_until_ns) if at_ns < state.quiet_until_ns else until_ns


def judge(state: SentinelState, windows: tuple[Window, ...], at_ns: Nanos) -> GateState:
    """The state of the account and every reason for it, worst first."""
    halted: list[str] = []
    if state.latches or state.spent:
        halted += [text for name, text in state.latches.items() if name in HALTING]
        halted += [_spent(name, group) for name, group in state.spent.items() if group == "orders"]
    recovering = [] if state.started and not state.recovering else ["the venue has not been asked yet"]
    unproved, reducing = _unproved(state), _reducing(state, windows, at_ns)
    verdict: AccountState = "TRADING"
    if halted:
        verdict = "HALTED"
    elif recovering:
        verdict = "RECOVERING"
    elif unproved:
        verdict = "RECONCILING"
    elif reducing:
        verdict = "REDUCING"
    return GateState(verdict, (*halted, *recovering, *unproved, *reducing), tuple(state.latches))


def _unproved(state: SentinelState) -> list[str]:
    said = [f"venue {venue} is {status}" for venue, status in state.venues.items() if status != "live"]
    if not state.venues:
        said.append("no venue is connected")
    if not state.reconciled:
        said.append("books and venue have not been found to agree")
    return said


def _reducing(state: SentinelState, windows: tuple[Window, ...], at_ns: Nanos) -> list[str]:
    said: list[str] = []
    if state.latches or state.spent:
        said += [text for name, text in state.latches.items() if name not in HALTING]
        said += [_spent(name, group) for name, group in state.spent.items() if group != "orders"]
    said += [f"feed {feed} is {last}" for feed, last in _dead_feeds(state.feeds)]
    if not state.feeds:
        said.append("no feed is connected")
    if not state.equity_complete:
        said.append("equity is not complete")
    if at_ns < state.quiet_until_ns:
        said.append(state.quiet)
    if state.still:
        said.append("time stands still: the clock is behind the messages, and nothing would ever look old")
    if state.stopping and state.stopping not in said:
        said.append(state.stopping)
    if not inside(windows, at_ns):
        said.append("outside of the trading windows")
    return said


def _spent(name: str, group: str) -> str:
    return f"{name} is not restarted any more ({group})"


def _dead_feeds(feeds: dict[str, dict[str, str]]) -> list[tuple[str, str]]:
    """Feeds of which nothing is live, with their last state; a feed with one live symbol only has stale instruments."""
    return [(feed, list(states.values())[-1]) for feed, states in feeds.items() if "live" not in states.values()]
