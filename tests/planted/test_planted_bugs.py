"""Bugs that other systems had, against ours: what no test of one module finds. The table is in docs/planted-bugs.md."""

from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest

from bot.opening import open_run
from bot.replaying import RunIdentity
from contracts.life import GatewayFailed
from contracts.ports import Clock, OrderVenue
from contracts.trade import Order, OrderAccepted, OrderNotSent
from tests.characterization.runs import a_quick_profile
from tests.kit.lives import IDENTITY, live
from tests.kit.worlds import TestWorld, simulate


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A process of a quick canary was killed while it traded."""
    runs = tmp_path_factory.mktemp("killed")
    live(a_quick_profile(), runs, seconds=4, killed=True)
    return runs


@pytest.mark.parametrize(
    ("code", "seed", "reason"),
    [("other", 17, "the code has changed"), (IDENTITY.code, 18, "the profile has changed"), (IDENTITY.code, 17, "")],
)
def test_i34_bug_25_a_cut_run_goes_on_only_with_the_code_and_the_profile_that_began_it(
    killed: Path, code: str, seed: int, reason: str
) -> None:
    profile = a_quick_profile(seed=seed)
    opened = open_run(profile, killed, RunIdentity(code=code, fingerprint={}), virtual=True, fresh=False)
    try:
        assert reason in opened.set_aside
        assert (opened.found is None) == bool(reason)
    finally:
        opened.journal.close(seal=False)
        opened.account.took_up("canary-000001")
        opened.account.close()


def test_i2_i3_bug_8_a_run_that_is_taken_up_sends_nothing_of_what_it_said_before(tmp_path: Path) -> None:
    first = live(a_quick_profile(), tmp_path, seconds=4, killed=True)
    second = live(a_quick_profile(), tmp_path, seconds=16, after_s=10)
    before = [each.payload.client_id for each in first.envelopes if isinstance(each.payload, Order)]
    after = [each.payload.client_id for each in second.envelopes if isinstance(each.payload, Order)]
    accepted = [
        each.payload.client_id for life in (first, second) for each in life.envelopes
        if isinstance(each.payload, OrderAccepted)
    ]  # fmt: skip
    assert before
    assert after
    assert not [name for name in after if name in before]
    assert len(accepted) == len(dict.fromkeys(accepted))


def test_i31_i40_every_order_of_a_killed_process_gets_an_end(tmp_path: Path) -> None:
    first = live(a_quick_profile(), tmp_path, seconds=4, killed=True)
    second = live(a_quick_profile(), tmp_path, seconds=20, after_s=10)
    ours = [each.payload.client_id for each in first.envelopes if isinstance(each.payload, Order)]
    assert ours
    assert not [name for name, order in second.system.report.orders.items() if order.state in ("SENDING", "UNKNOWN")]


class FallingOver:
    """A venue whose adapter has a bug: every so many questions for fills it raises what no venue raises."""

    def __init__(self, venue: OrderVenue, clock: Clock) -> None:
        self._venue = venue
        self._asked = 0
        self.sent: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._venue, name)

    def submit(self, order: Order) -> Awaitable[Any]:
        self.sent.append(order.client_id)
        return self._venue.submit(order)

    def fills_since(self, cursor: int) -> Awaitable[Any]:
        self._asked += 1
        if self._asked % 5 == 0:
            raise RuntimeError("a bug in the adapter")
        return self._venue.fills_since(cursor)


def test_i3_bug_4_an_order_gateway_that_comes_back_sends_nothing_a_second_time() -> None:
    profile = a_quick_profile(orders__reconcile_s=1.0)
    venues: list[FallingOver] = []

    def falling_over(venue: OrderVenue, clock: Clock) -> Any:
        venues.append(FallingOver(venue, clock))
        return venues[0]

    run = simulate(profile, seconds=6, world=TestWorld(profile, venue_of=falling_over))
    assert [each.payload.gateway for each in run.of(GatewayFailed)][:2] == ["venue", "venue"]
    assert len(venues[0].sent) > 3
    assert len(venues[0].sent) == len(dict.fromkeys(venues[0].sent))
    not_sent = [each.payload.client_id for each in run.of(OrderNotSent)]
    assert not [name for name in not_sent if name in venues[0].sent], "what was sent is never said not to have been"
