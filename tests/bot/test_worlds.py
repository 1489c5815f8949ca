"""Worlds: what differs between simulated, recorded and replayed is the outside, and nothing else."""

from decimal import Decimal

import msgspec
import pytest

from bot.configuration import BadConfiguration
from bot.worlds import dry, in_quote_currency, opened_recording, recorded_world, replayed_bus, simulated_world
from contracts.instrument import Universe
from runtime.clock import WallClock
from tests.kit.market import an_instrument
from tests.kit.recordings import COINBASE, recording
from tests.kit.turns import MemoryJournal
from tests.kit.worlds import a_profile


def test_a_dry_profile_differs_in_that_alone() -> None:
    profile = a_profile()
    assert dry(profile).orders.dry_run
    assert msgspec.structs.replace(dry(profile), orders=profile.orders) == profile


def test_time_is_virtual_only_where_it_was_asked_for(tmp_path) -> None:
    profile = a_profile()
    virtual, real = (simulated_world(profile, tmp_path, virtual=each) for each in (True, False))
    assert virtual.clock.now() == profile.simulated.start_ns
    assert isinstance(real.clock, WallClock)
    assert (virtual.virtual, real.virtual) == (True, False)
    virtual.close()
    real.close()


def test_a_replay_hears_with_the_same_actors_and_starts_nobody() -> None:
    profile = a_profile()
    bus = replayed_bus(profile, MemoryJournal(), lambda: 7)
    assert bus.now() == 7
    assert {cell.name for cell in bus.cells} >= {"risk", "desk", "ledger", *profile.agents}


def test_a_recording_is_traded_in_its_own_currency_for_the_same_worth(tmp_path) -> None:
    profile = a_profile()
    played = opened_recording(profile, recording(COINBASE), None)
    (currency, balance), *others = played.broker.balances.items()
    assert not others
    worth = balance * profile.feed.fx[currency]
    assert abs(worth - profile.simulated.broker.balances["EUR"]) < Decimal("0.01")
    world = recorded_world(a_profile(), played, tmp_path)
    assert world.virtual and world.clock.now() == played.feed.started_ns > 0
    world.close()


def test_an_account_in_another_currency_begins_with_whole_cents_of_it() -> None:
    universe = Universe(1, (an_instrument(symbol="BTCUSDT", quote="USDT", settlement="USDT"),))
    (balance,) = in_quote_currency(a_profile(), universe).balances.items()
    assert balance == ("USDT", Decimal("543.47"))
    assert balance[1] * a_profile().feed.fx["USDT"] == Decimal("499.9924"), "as docs/backtest.md says"


def test_a_recording_in_a_currency_without_a_rate_is_refused_before_anything_is_made() -> None:
    profile = a_profile()
    poor = msgspec.structs.replace(profile, feed=msgspec.structs.replace(profile.feed, fx={"GBP": Decimal("1.1")}))
    with pytest.raises(BadConfiguration, match=r"feed\.fx has no rate for any of"):
        opened_recording(poor, recording(COINBASE), None)
