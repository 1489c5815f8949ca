"""The door for agents elsewhere: nothing that is not in order comes in, and everything is counted."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.gateways.remote_door import BYTES_MAX, Door
from actors.gateways.remote_settings import RemoteCounts, RemoteSettings
from contracts.quantities import SECOND_NS
from contracts.wire import RawSignal
from tests.kit.market import a_universe_changed, at
from tests.kit.remote import USUAL, a_record, far


def a_door(**settings) -> tuple[Door, RemoteCounts]:
    counts = RemoteCounts()
    door = Door(RemoteSettings(**settings), {"far": far(), "other": far("other")}, counts)
    door.know(a_universe_changed("BTC-EUR", "ETH-EUR", "SOL-EUR").universe)
    return door, counts


def refused(*records: RawSignal, second: float = 0.0, **settings) -> dict[str, int]:
    door, counts = a_door(**settings)
    door.take(records, at(second))
    return counts.refused


def test_what_is_in_order_becomes_columns_over_the_universe() -> None:
    door, counts = a_door()
    (frame,) = door.take([a_record(symbol="ETH-EUR", mu=0.002, score=1.5, sender="a", number=7, based_on=41)], at(1))
    assert (frame.agent, frame.horizon_s, frame.sender) == ("far", 600.0, "a")
    np.testing.assert_array_equal(frame.mu.values, [np.nan, 0.002, np.nan])
    np.testing.assert_array_equal(frame.score.values, [np.nan, 1.5, np.nan])
    assert frame.said_ns.values.tolist() == [0, at(0), 0]
    assert frame.heard_seq.values.tolist() == [0, 41, 0]
    assert (counts.taken, counts.refused) == ({"far": 1}, {})


def test_each_agent_gets_a_frame_of_its_own_and_the_newest_belief_stands() -> None:
    door, counts = a_door()
    rows = [a_record(mu=0.001, second=2), a_record(agent="other"), a_record(mu=0.002, second=1)]
    first, second = door.take(rows, at(2))
    assert (first.agent, second.agent, first.mu[0]) == ("far", "other", 0.001)
    assert counts.taken == {"far": 2, "other": 1}


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("unknown_agent", {"agent": "nobody"}),
        ("unknown_symbol", {"symbol": "DOGE-EUR"}),
        ("horizon", {"horizon_s": 601}),
        ("bad_number", {"sigma": 0}),
        ("bad_number", {"sigma": -0.01}),
        ("bad_number", {"confidence": 1.01}),
        ("bad_number", {"number": -1}),
        ("bad_number", {"said_ns": 2**63}),
        ("absurd", {"mu": 0.0151}),
        ("absurd", {"score": -3.01}),
        ("future", {"said_ns": at(1.1)}),
        ("too_old", {"said_ns": at(-30.1)}),
        ("malformed", {"mu": "0.1"}),
        ("malformed", {"mu": None}),
        ("malformed", {"mu": [0.1]}),
        ("malformed", {"order": {"side": "buy"}}),
        ("malformed", {"sender": "x" * 161}),
        ("too_large", {"sender": "x" * BYTES_MAX}),
    ],
)
def test_what_is_wrong_has_a_reason(reason: str, said: dict) -> None:
    assert refused(a_record(**said)) == {reason: 1}


@pytest.mark.parametrize("missing", ["agent", "symbol", "mu", "sigma", "horizon_s"])
def test_what_must_be_said_has_no_default(missing: str) -> None:
    assert refused(a_record(without=(missing,))) == {"malformed": 1}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe{}",
        b'{"agent": "far", "agent": "far", "symbol": "BTC-EUR", "mu": 0, "sigma": 0.01, "horizon_s": 600}',
        b'{"agent": "far", "symbol": "BTC-EUR", "mu": NaN, "sigma": 0.01, "horizon_s": 600}',
        b'{"agent": "far", "symbol": "BTC-EUR", "mu": Infinity, "sigma": 0.01, "horizon_s": 600}',
        b'{"agent": "far", "symbol": "BTC-EUR", "mu": 1e999, "sigma": 0.01, "horizon_s": 600}',
        b"[" * 2000,
        b'{"agent":' * 300,
    ],
)
def test_what_is_no_record_is_malformed(data: bytes) -> None:
    assert refused(RawSignal(data, at(0))) == {"malformed": 1}


def test_without_a_time_of_its_own_the_stamp_of_the_record_counts() -> None:
    door, counts = a_door()
    (frame,) = door.take([a_record(second=-3, without=("said_ns",))], at(0))
    assert frame.said_ns[0] == at(-3)
    assert not door.take([a_record(second=-31, without=("said_ns",))], at(0))
    assert counts.refused == {"too_old": 1}


def test_a_moment_ahead_of_our_clock_is_now() -> None:
    door, _ = a_door()
    (frame,) = door.take([a_record(second=0.9)], at(0))
    assert frame.said_ns[0] == at(0)


def test_a_second_copy_is_known_by_sender_and_number_for_each_instrument() -> None:
    door, counts = a_door()
    rows = [a_record(symbol=each, sender="a", number=5) for each in ("BTC-EUR", "ETH-EUR")]
    assert door.take(rows, at(0))
    assert not door.take(rows, at(0))
    assert counts.refused == {"duplicate": 2}
    assert door.take([a_record(sender="b", number=1), a_record(symbol="ETH-EUR", sender="a", number=6)], at(0))


def test_of_one_agent_no_more_is_taken_than_its_bucket_holds() -> None:
    door, counts = a_door(rows_s_max=10, rows_burst=3)
    for _ in range(2):
        door.take([a_record(second=0)] * 5, at(0))
    assert (counts.taken["far"], counts.refused["rate"]) == (3, 7)
    door.take([a_record(agent="other")], at(0))
    door.take([a_record(second=0.2)] * 5, at(0.2))
    assert counts.taken == {"far": 5, "other": 1}


def test_refusals_are_told_at_once_with_a_sample_and_then_once_a_minute() -> None:
    door, _ = a_door(news_s=60)
    door.take([RawSignal(b"\x1b[31mred", at(0))] * 3, at(0))
    (news,) = door.news(at(0))
    assert (news.kind, news.reason, news.count, news.sample) == ("refused", "malformed", 3, "b'\\x1b[31mred'")
    door.take([RawSignal(b"x", at(0))], at(1))
    assert door.news(at(1)) == ()
    door.take([RawSignal(b"y", at(0))], at(61))
    (news,) = door.news(at(61))
    assert (news.count, news.sample) == (2, "b'x'")


def test_instruments_that_went_are_unknown() -> None:
    door, counts = a_door()
    door.know(a_universe_changed("ETH-EUR").universe)
    assert not door.take([a_record()], at(0))
    (frame,) = door.take([a_record(symbol="ETH-EUR")], at(0))
    assert (counts.refused, len(frame.mu)) == ({"unknown_symbol": 1}, 1)


anything = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.lists(st.integers(), max_size=2)
)
nearly = st.fixed_dictionaries(
    {},
    optional={
        "agent": st.sampled_from(["far", "other", "nobody", ""]),
        "symbol": st.sampled_from(["BTC-EUR", "ETH-EUR", "", "SOL-EUR"]) | anything,
        "mu": st.floats(-0.02, 0.02) | anything,
        "sigma": st.floats(0.001, 0.1) | anything,
        "horizon_s": st.just(600) | anything,
        "confidence": st.floats(-0.1, 1.1) | anything,
        "score": st.floats(-3.5, 3.5) | anything,
        "said_ns": st.integers(at(-40), at(2)) | anything,
        "sender": st.sampled_from(["", "a"]) | anything,
        "number": st.integers(-1, 5) | anything,
    },
)


@given(st.lists(st.one_of(st.binary(max_size=40), nearly), max_size=20), st.floats(0, 5))
def test_law_whatever_comes_is_sound_or_counted(records: list, second: float) -> None:
    door, counts = a_door(rows_s_max=5, rows_burst=4)
    now_ns = at(second)
    data = [each if isinstance(each, bytes) else json.dumps(USUAL | each).encode() for each in records]
    frames = door.take([RawSignal(each, now_ns) for each in data], now_ns)
    assert sum(counts.taken.values()) + sum(counts.refused.values()) == len(records)
    for frame in frames:
        said = frame.said_ns.values > 0
        assert said.any()
        mu, sigma, confidence, score = (
            column.values for column in (frame.mu, frame.sigma, frame.confidence, frame.score)
        )
        assert (np.isfinite(mu) == said).all() and (np.isfinite(sigma) == said).all()
        assert (sigma[said] > 0).all() and (np.abs(mu[said]) <= 1.5 * sigma[said]).all()
        assert ((confidence[said] >= 0) & (confidence[said] <= 1)).all()
        assert (np.abs(score[np.isfinite(score)]) <= 3).all()
        assert (frame.said_ns.values <= now_ns).all()
        assert (now_ns - frame.said_ns.values[said] <= 30 * SECOND_NS).all()
    assert all(math.isfinite(each) for each in counts.taken.values()) and all(
        each <= 4 for each in counts.taken.values()
    )


def test_a_second_copy_is_known_over_a_change_of_the_universe() -> None:
    door, counts = a_door()
    record = a_record(sender="a", number=5)
    assert door.take([record], at(0))

    door.know(a_universe_changed("BTC-EUR", "SOL-EUR").universe)

    assert not door.take([record], at(0))
    assert counts.refused == {"duplicate": 1}
