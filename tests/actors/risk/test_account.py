"""The state of the account is the worst of its reasons, and every reason is said."""

from hypothesis import given
from hypothesis import strategies as st

from actors.risk.account import HALTING, SentinelState, judge
from tests.kit.market import NOON_NS

LATCHES = (*HALTING, "loss", "repeats", "flatten")


@given(
    started=st.booleans(),
    recovering=st.booleans(),
    reconciled=st.booleans(),
    venue=st.sampled_from(["live", "down"]),
    feed=st.sampled_from(["live", "stale"]),
    complete=st.booleans(),
    latches=st.lists(st.sampled_from(LATCHES), unique=True),
)
def test_nothing_hides_anything(started, recovering, reconciled, venue, feed, complete, latches):
    state = SentinelState(
        started=started,
        recovering=recovering,
        reconciled=reconciled,
        venues={"paper": venue},
        feeds={"test": {"BTC-EUR": feed}},
        equity_complete=complete,
        latches={name: f"latched {name}" for name in latches},
    )
    said = judge(state, (), NOON_NS)
    assert said.latches == tuple(latches)
    assert all(f"latched {name}" in said.reasons for name in latches)
    ready = started and not recovering
    proved = reconciled and venue == "live"
    if any(name in HALTING for name in latches):
        assert said.state == "HALTED"
    elif not ready:
        assert said.state == "RECOVERING"
    elif not proved:
        assert said.state == "RECONCILING"
    else:
        fine = feed == "live" and complete and not latches
        assert said.state == ("TRADING" if fine else "REDUCING")
    assert (said.reasons == ()) is (said.state == "TRADING")
