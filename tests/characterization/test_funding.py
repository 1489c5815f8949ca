"""Funding in a living bot: paid at the venue, heard late, twice or not at all, booked once, and replayed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.simulated import funding
from adapters.simulated.venue import SimulatedVenue
from bot.backtest.exported import export_run
from bot.backtest.taped import run_taped
from bot.worlds import replayed_bus
from contracts.account import FundingBooked
from contracts.decision import GateState
from contracts.market import Perp
from contracts.quantities import SECOND_NS
from contracts.trade import FundingPaid, Reconciled
from runtime.replay import Comparer, Replay
from tests.characterization.runs import ROUGH, a_quick_profile
from tests.kit.journals import read_run
from tests.kit.lives import Life, live
from tests.kit.oracle import audit
from tests.kit.worlds import Run, TestWorld, said, simulate

pytestmark = pytest.mark.numbers
"""Each lives for tens of seconds; what is quick is in `tests/bot/backtest/test_funding.py`."""

RATES = {4.0: 0.001, 9.0: -0.0005, 14.0: 0.002, 18.0: -0.001}
"""When all instruments settle, in seconds, and at which rate."""


@pytest.fixture(autouse=True)
def settled_every_second(monkeypatch) -> None:
    """An hour is long for a test."""
    monkeypatch.setattr(funding, "SAME_NS", SECOND_NS)


def rows(symbols: tuple[str, ...], rate: float, at_ns: int) -> list[Perp]:
    return [Perp(symbol=symbol, settled=rate, settled_ns=at_ns, event_ns=at_ns, epoch=1, frame=1) for symbol in symbols]


def settle(venue: SimulatedVenue, symbols: tuple[str, ...], rate: float) -> None:
    for row in rows(symbols, rate, venue._clock.now()):
        venue.on_perp(row)


def lived(base: str, seconds: float, **changed: Any) -> tuple[Run, SimulatedVenue]:
    """A run in which everything is a perpetual."""
    profile = a_quick_profile(base, orders__reconcile_s=5.0, **changed)
    venues: list[Any] = []
    world = TestWorld(profile, venue_of=lambda venue, clock: venues.append(venue) or venue)

    def settling(rate: float) -> Callable[[Any], None]:
        return lambda system: settle(venues[0]._venue, profile.simulated.market.symbols, rate)

    run = simulate(seconds=seconds, world=world, acts={at_s: settling(rate) for at_s, rate in RATES.items()})
    return run, venues[0]._venue


def replayed(run: Run) -> int:
    comparer = Comparer()
    player = Replay(comparer)
    player.run(replayed_bus(run.profile, comparer, player.now), run.records)
    return comparer.compared


def told_at_the_venue(venue: Any) -> dict[str, FundingPaid]:
    return {each.payment_id: each for each in venue.broker.fills_since(0)[0] if isinstance(each, FundingPaid)}


def check(run: Run, venue: SimulatedVenue) -> None:
    paid, booked = told_at_the_venue(venue), said(run, FundingBooked)
    assert {each.payment_id: each.amount for each in booked} == {name: each.amount for name, each in paid.items()}
    assert len(booked) == len(paid) >= 3
    assert [each.mismatches for each in said(run, Reconciled) if each.settled and not each.agreed] == []
    assert not any("mismatch" in each.latches for each in said(run, GateState))
    assert audit(run.envelopes, run.profile) == []
    assert replayed(run) > 1_000


def test_what_is_paid_is_booked_once_and_no_snapshot_looks_like_a_mismatch() -> None:
    run, venue = lived("canary", 25.0)
    check(run, venue)
    assert len(said(run, FundingPaid)) > len(said(run, FundingBooked)), "the drop copy tells what the stream told"


@pytest.mark.parametrize("seed", range(4))
def test_in_bad_weather_too(seed) -> None:
    rough = ROUGH | {"simulated__weather__seed": seed, "simulated__broker__seed": seed}
    rough |= {"simulated__weather__venue__duplicate_fill": 0.4, "simulated__weather__venue__lost_fill": 0.4}
    del rough["orders__reconcile_s"]
    check(*lived("soak", 45.0, **rough))


def test_a_life_after_a_death_books_what_was_paid_in_between_once(tmp_path) -> None:
    """Killed a moment after a settlement; the venue lives on in its ledger, and tells all of it again."""
    profile = a_quick_profile(orders__reconcile_s=5.0)

    def act(rate: float) -> Callable[[Life], None]:
        return lambda life: settle(life.outside.venue._venue, profile.simulated.market.symbols, rate)

    first = live(profile, tmp_path, seconds=9.05, killed=True, acts={4.0: act(0.001), 9.0: act(0.002)})
    second = live(profile, tmp_path, seconds=6.0, after_s=12.0, acts={3.0: act(-0.001)})
    paid = told_at_the_venue(second.outside.venue._venue)
    booked = [
        each.payload for life in (first, second) for each in life.envelopes if type(each.payload) is FundingBooked
    ]
    assert sorted((each.payment_id, each.amount) for each in booked) == sorted(
        (name, each.amount) for name, each in paid.items()
    )
    assert [each.settled_ns for each in booked if each in [one.payload for one in first.envelopes]] != []
    shown = [each.payload for each in second.envelopes if type(each.payload) is Reconciled]
    assert shown[-1].agreed


def test_a_backtest_over_the_export_of_a_run_pays_the_same(tmp_path) -> None:
    """The feed says the rates here, and the venue hears them as it does in a run over a recording."""
    profile = a_quick_profile(orders__reconcile_s=5.0)
    symbols = profile.simulated.market.symbols

    def begin(life: Life) -> None:
        venue = life.outside.venue._venue
        life.system.bus.tap(lambda envelope: venue.on_market(envelope.payload), (Perp,))

    def tell(rate: float) -> Callable[[Life], None]:
        def act(life: Life) -> None:
            for row in rows(symbols, rate, life.outside.clock.now()):
                life.system.bus.admit(row, "feed")

        return act

    acts = {0.5: begin} | {at_s: tell(rate) for at_s, rate in RATES.items()}
    lived_once = live(profile, tmp_path, seconds=20.9, acts=acts)
    export = export_run(lived_once.opened.directory, tmp_path / "export", lambda size: None)
    result, parity = run_taped(export, export.profile, tmp_path / "again", lambda at_ns: None)
    assert parity.same, parity.first
    then = [each.payload for each in lived_once.envelopes if type(each.payload) is FundingBooked]
    said_again = read_run(Path(result.summary["journal"]).parent)
    now = [each.payload for each in said_again if type(each.payload) is FundingBooked]
    assert len(then) >= 3
    assert sorted((each.payment_id, each.amount) for each in then) == sorted(
        (each.payment_id, each.amount) for each in now
    )
