"""Why: a chain from the journal alone; for an order that nobody chose, what made the gate close it."""

import msgspec
import pytest

from adapters.journal.disk import PosixDisk
from adapters.journal.reader import records
from bot.why import OrderNotFound, _blended, why
from contracts import codec
from contracts.column import floats
from contracts.decision import Flatten, Intent
from contracts.life import Beat
from contracts.trade import Order
from tests.kit.beliefs import a_slate
from tests.kit.worlds import a_profile, simulate


class Recorded(msgspec.Struct):
    """A journal's record, as `why` reads it."""

    seq: int
    turn: int
    cause: int
    at_ns: int
    source: str
    type: str
    payload: bytes
    kept: bool = True


def recorded(run) -> list[Recorded]:
    return [
        Recorded(
            each.seq, each.turn, each.cause, each.at_ns, each.source, type(each.payload).__name__,
            codec.encode(each.payload),
        )
        for each in run.envelopes
    ]  # fmt: skip


def test_every_order_of_a_run_has_a_chain_down_to_the_raw_rows(finished) -> None:
    disk = PosixDisk(finished / "journal")
    orders = [record for record in records(disk) if record.type == Order.__name__]
    assert orders
    for record in orders:
        order = codec.decode(record.type, record.payload)
        explained = why(lambda: records(disk), order.client_id)
        steps = list(dict.fromkeys(link.step for link in explained.chain))
        assert steps[-1] == "raw row" and steps[:3] == ["order life", "intent", "selection"]
        assert explained.symbol == order.symbol
        seqs = {link.seq for link in explained.chain}
        assert order.intent_seq in seqs and record.seq in seqs


def test_every_link_was_said_before_the_order(finished) -> None:
    disk = PosixDisk(finished / "journal")
    order = next(record for record in records(disk) if record.type == Order.__name__)
    explained = why(lambda: records(disk), codec.decode(order.type, order.payload).client_id)
    assert all(link.seq < order.seq for link in explained.chain if link.step != "order life")


def test_a_position_that_a_person_had_closed_is_explained_by_what_came_before() -> None:
    acts = {6.0: lambda system: system.admit_as_operator(Flatten("me", "going on holiday"))}
    run = simulate(a_profile(), seconds=12, acts=acts)
    unchosen = {each.seq for each in run.of(Intent) if isinstance(run.at(each.cause).payload, Beat)}
    closing = [each.payload for each in run.of(Order) if each.payload.intent_seq in unchosen]
    explained = why(lambda: recorded(run), closing[-1].client_id)
    steps = list(dict.fromkeys(link.step for link in explained.chain))
    assert steps == ["order life", "intent", "cause", "marks", "raw row"]
    assert next(link.type for link in explained.chain if link.step == "cause") == "Beat"


def test_an_order_that_is_not_there_is_told_with_near_ones(finished) -> None:
    disk = PosixDisk(finished / "journal")
    with pytest.raises(OrderNotFound, match=r"order 'k1-' is not in here, which has \d+ orders?, the last is k1-"):
        why(lambda: records(disk), "k1-", "here")
    with pytest.raises(OrderNotFound, match="which has no order at all; name another run with --run"):
        why(list, "k1-000001-00-0")


def test_a_slate_is_told_with_the_weights_of_agents_in_every_regime_and_of_experts_at_every_level() -> None:
    slate = msgspec.structs.replace(
        a_slate(width=2),
        agents=("one", "two"),
        weights=floats([[0.2, 0.4], [0.8, 0.6]]),
        regimes=floats([0.1, 0.2, 0.7]),
        stack=floats([[1.0, -2.0], [3.0, 4.0], [5.0, 6.0]]),
        experts=("pool", "stack"),
        expert_weights=floats([[0.5, 0.5]] * 9),
    )
    said = _blended(slate, 1)
    assert said["weights"] == {"one": 0.4, "two": 0.6}
    assert said["regimes"] == [0.1, 0.2, 0.7]
    assert said["stack"] == [{"one": 1.0, "two": -2.0}, {"one": 3.0, "two": 4.0}, {"one": 5.0, "two": 6.0}]
    assert said["expert_weights"] == [{"pool": 0.5, "stack": 0.5}] * 9


@pytest.mark.parametrize("name", ["random_trader", "quote"])
def test_an_order_of_a_strategy_leads_to_its_targets_and_what_they_were_made_of(name, tmp_path) -> None:
    (tmp_path / "quote.py").write_text(
        "from actors.strategies.base import Strategy\n\n\n"
        "class Quoted(Strategy):\n"
        "    def on_tick(self, quote, memory):\n"
        "        return 0.02 * quote.equity / quote.worth\n"
    )
    own = {"strategy__settings": {"trade_probability": 0.9}} if name == "random_trader" else {}
    profile = a_profile(strategy__name=name if own else str(tmp_path / "quote.py"), **own)
    run = simulate(profile, seconds=130 if own else 3)
    order = next(each.payload for each in run.envelopes if isinstance(each.payload, Order))
    explained = why(lambda: recorded(run), order.client_id)
    steps = list(dict.fromkeys(link.step for link in explained.chain))
    made_of = ["bar"] if own else []
    assert steps[steps.index("intent") :] == ["intent", "targets", *made_of, "marks", "raw row"]
    (targets,) = [link.says for link in explained.chain if link.step == "targets"]
    assert targets["position"] >= float(order.quantity)
    assert any(link.type == "Tick" for link in explained.chain)
