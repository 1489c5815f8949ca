"""A small made-up market in which an agent is tried: marks, bars, features and the outcomes of what it says.

Nothing in it is predictable. Prices are random walks in pairs that hold together, features are noise of the right
size and sign, and everything comes from one seed; so two trials differ only by what was changed on purpose.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final

import msgspec
import numpy as np

from actors.agents.base import Agent
from actors.agents.settings import AgentSettings
from contracts.belief import FeatureFrame, Outcome, RegimeState, SignalFrame
from contracts.column import flags, floats, integers
from contracts.envelope import Envelope
from contracts.instrument import Instrument, Universe
from contracts.market import BarFrame, MarkFrame, UniverseChanged
from contracts.quantities import SECOND_NS
from quant.features.engine import REGISTRY
from quant.rolling import Floats
from runtime.seeds import Seeds

START_NS: Final = 1_767_225_600 * SECOND_NS
SD_BAR: Final = 0.004
SPREAD_SD_BAR: Final = 0.001
SPREAD_KEEP: Final = 0.9
SIZES: Final[dict[str, tuple[str, float]]] = {
    **dict.fromkeys(("donch_60", "donch_1440", "breadth_60", "t_to_fund", "bb_pctb_20"), ("share", 1.0)),
    **dict.fromkeys(
        ("ewma_vol", "ewma94", "har_pred_h", "park_60", "gk_60", "s_ref", "ou_noise_240"), ("near", SD_BAR)
    ),
    **dict.fromkeys(("rv_15", "rv_60", "rv_240", "rv_1440", "rv_7d"), ("near", SD_BAR)),
    **dict.fromkeys(("beta_btc_7d",), ("near", 1.0)),
    **dict.fromkeys(("spread_bp",), ("near", 3.0)),
    **dict.fromkeys(("ou_kappa_240",), ("near", 0.05)),
    **dict.fromkeys(("ou_gap_240",), ("noise", 3.0 * SD_BAR)),
    **dict.fromkeys(("fund_now",), ("noise", 1e-4)),
    **dict.fromkeys(("rd_age",), ("share", 3600.0)),
}
"""What kind of number a feature is (a share of 1, near a value, or noise about 0) and how large; the rest is noise."""


@dataclass(frozen=True)
class Market:
    """Prices (steps, N) and features (steps, F, N); one step is one bar, at which outcomes close and agents speak."""

    close: Floats
    features: Floats
    bar_s: float = 3600.0
    tick: Decimal = Decimal("1e-9")
    columns: tuple[int, ...] = ()
    """Which instruments these are, by number; in order where empty."""

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(f"C{number:03d}-EUR" for number in self.columns or range(self.close.shape[1]))

    def only(self, columns: list[int]) -> "Market":
        """The same market of those instruments, in that order."""
        return replace(
            self, close=self.close[:, columns], features=self.features[:, :, columns], columns=tuple(columns)
        )

    def without(self, *names: str) -> "Market":
        """The same market whose features of those names are absent."""
        features = self.features.copy()
        features[:, [REGISTRY.index[name] for name in names]] = np.nan
        return replace(self, features=features)


def a_market(*, width: int = 6, steps: int = 300, seed: int = 1) -> Market:
    """A market of noise."""
    chance = Seeds(seed).generator("trial")
    walk = np.cumsum(SD_BAR * chance.standard_normal((steps, (width + 1) // 2)), axis=0)
    close = 100.0 * np.exp(np.repeat(walk, 2, axis=1)[:, :width] + _spreads(chance.standard_normal((steps, width))))
    features = chance.standard_normal((steps, len(REGISTRY), width))
    for name, row in REGISTRY.index.items():
        kind, size = SIZES.get(name, ("noise", 1.0))
        noise = features[:, row]
        if kind == "near":
            features[:, row] = size * np.exp(0.1 * noise)
        else:
            features[:, row] = size * (1.0 / (1.0 + np.exp(-noise)) if kind == "share" else noise)
    return Market(close, features)


def _spreads(noise: Floats) -> Floats:
    """What keeps an instrument from its twin: it comes back with a half-life of seven bars."""
    spread = SPREAD_SD_BAR * noise
    for row in range(1, len(spread)):
        spread[row] += SPREAD_KEEP * spread[row - 1]
    return spread


@dataclass
class Trial:
    """An agent living through markets; `said` are its frames by the step they were said at."""

    agent: Agent
    at_ns: int = START_NS
    said: list[tuple[int, SignalFrame]] = field(default_factory=list)
    mids: list[Floats] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    _seq: int = 0
    _step: int = 0
    _version: int = 0
    _symbols: tuple[str, ...] = ()
    _pending: list[tuple[int, int, SignalFrame]] = field(default_factory=list)

    def live(self, market: Market, *, steps: range | None = None) -> "Trial":
        """Let the agent hear those steps of the market, all by default; a market of other instruments is a change."""
        if market.symbols != self._symbols:
            self._change(market)
        for row in steps or range(len(market.close)):
            self.at_ns += round(market.bar_s * SECOND_NS)
            for payload in self._messages(market, row):
                for frame in self._tell(payload):
                    self.said.append((self._step, frame))
                    self._pending.append((self._step, self.at_ns, frame))
            self._step += 1
        return self

    def _change(self, market: Market) -> None:
        self._version += 1
        self._symbols = market.symbols
        instruments = tuple(_an_instrument(symbol, market.tick) for symbol in market.symbols)
        self._pending.clear()
        self._tell(UniverseChanged(Universe(self._version, instruments)))
        self._tell(_weather())

    def _messages(self, market: Market, row: int) -> Iterator[Any]:
        close = market.close[row]
        self.mids.append(close)
        yield _marks(self._version, close, self.at_ns)
        if BarFrame in self.agent.inputs:
            yield _bar(self._version, market.bar_s, close, self.at_ns)
        yield from self._closed()
        yield FeatureFrame(self._version, REGISTRY.schema_hash, floats(market.features[row]), (), (1,))

    def _closed(self) -> Iterator[Outcome]:
        horizon_ns = round(self.agent.settings.horizon_s * SECOND_NS)
        while self._pending and self._pending[0][1] + horizon_ns <= self.at_ns:
            step, said_ns, frame = self._pending.pop(0)
            realised = floats(np.log(self.mids[-1] / self.mids[step]))
            numbers = (frame.mu, frame.sigma, frame.score, realised)
            self.outcomes.append(
                Outcome(frame.agent, frame.universe, 1, said_ns, frame.horizon_s, *numbers, based_on=(1,))
            )
            yield self.outcomes[-1]

    def _tell(self, payload: msgspec.Struct) -> tuple[SignalFrame, ...]:
        self._seq += 1
        envelope = Envelope(self._seq, self._seq, 0, self.at_ns, "trial", payload)
        frames = tuple(each for each in self.agent.receive(envelope) if isinstance(each, SignalFrame))
        self.agent.check()
        return frames


@dataclass(frozen=True)
class Trying:
    """Brings the same agent to life again and again, each time in a trial of its own.

    `long_steps` is how long a market lasts in which its deviation is judged; 0 where it is not.
    """

    make: Callable[[AgentSettings], Agent]
    settings: AgentSettings
    long_steps: int

    def __call__(self) -> Trial:
        return Trial(self.make(self.settings))


def _marks(universe: int, close: Floats, at_ns: int) -> MarkFrame:
    known = np.isfinite(close)
    price, when = floats(close), integers(np.where(known, at_ns, 0))
    return MarkFrame(universe, price, price, price, when, when, flags(known))


def _bar(universe: int, bar_s: float, close: Floats, at_ns: int) -> BarFrame:
    price, nothing = floats(close), floats(np.zeros(len(close)))
    return BarFrame(universe, bar_s, at_ns, price, price, price, price, nothing, nothing, integers(nothing.values))


def _weather() -> RegimeState:
    return RegimeState(
        probabilities=floats([0.2, 0.7, 0.1]),
        label="normal",
        run_bars=50.0,
        fresh=0.1,
        flipped=False,
        parameters="trial",
        based_on=(),
    )


def _an_instrument(symbol: str, tick: Decimal) -> Instrument:
    one = Decimal(1)
    return Instrument(
        symbol=symbol,
        venue="trial",
        base=symbol[:4],
        quote="EUR",
        settlement="EUR",
        tick=tick,
        lot=tick,
        notional_min=one,
        quantity_max=one,
        can_short=True,
        leverage_max=one,
        fee_taker_bps=0.0,
        fee_maker_bps=0.0,
    )
