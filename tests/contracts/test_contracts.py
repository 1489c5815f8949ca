"""The contracts: every type has one topic and a schema on file, validates its rows, and keeps its bytes."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import codec, schema_snapshots
from contracts.belief import Opportunity, Signal
from contracts.identity import OrderIdentity, client_order_id, message_id, parse_client_order_id
from contracts.instrument import Universe
from contracts.topics import BY_TYPE, BY_TYPE_NAME, DECISIVE, TABLE, topic_of
from tests.kit.market import a_mark_frame, a_tick, an_instrument


def test_every_type_has_exactly_one_topic_and_every_topic_one_type() -> None:
    assert len(BY_TYPE) == len(TABLE) == len(BY_TYPE_NAME) == len({topic.name for topic in TABLE})


def test_outside_and_derived_never_share_an_author() -> None:
    outside = {topic.author for topic in TABLE if topic.outside}
    derived = {topic.author for topic in TABLE if not topic.outside}
    assert not outside & derived


def test_only_the_gate_approves_and_only_the_desk_orders() -> None:
    assert [BY_TYPE[kind].author for kind in DECISIVE] == ["selector", "gate", "gate", "desk"]


def test_every_key_is_a_field_of_its_type() -> None:
    for topic in TABLE:
        assert not topic.key or topic.key in topic.payload.__struct_fields__, topic.name


@pytest.mark.parametrize("topic", TABLE, ids=lambda topic: topic.payload.__name__)
def test_the_schema_on_file_is_the_schema_of_the_type(topic) -> None:
    name = f"{topic.payload.__name__}.json"
    on_file = (schema_snapshots.DIRECTORY / name).read_bytes()
    assert on_file == schema_snapshots.rendered()[name], "a changed contract: python -m contracts.schema_snapshots"


def test_no_schema_is_on_file_for_a_type_that_is_gone() -> None:
    assert {path.name for path in schema_snapshots.DIRECTORY.glob("*.json")} == set(schema_snapshots.rendered())


def test_every_message_is_frozen() -> None:
    for topic in TABLE:
        assert topic.payload.__struct_config__.frozen, topic.payload


def test_a_message_comes_back_from_its_bytes_with_its_columns() -> None:
    for message in (a_tick(), a_mark_frame(mid=[1.0, float("nan")])):
        assert codec.decode(type(message).__name__, codec.encode(message)) == message


def test_an_unknown_type_name_is_named() -> None:
    with pytest.raises(codec.UnknownMessage, match="'Gossip'"):
        codec.decode("Gossip", b"")


def test_json_shows_nan_as_null() -> None:
    assert b'"mid":[1.0,null]' in codec.encode_json(a_mark_frame(mid=[1.0, float("nan")]))


def test_a_changed_type_has_another_schema_digest() -> None:
    class One(msgspec.Struct):
        a: int

    class Two(msgspec.Struct):
        a: int
        b: int = 0

    assert codec.schema_digest(One) != codec.schema_digest(Two)


@pytest.mark.parametrize(
    "changed",
    [{"mu": float("nan")}, {"sigma": 0.0}, {"sigma": float("inf")}, {"horizon_s": 0.0}, {"confidence": 1.1}],
)
def test_a_signal_that_says_nothing_sure_is_refused(changed) -> None:
    facts = {
        "agent": "momentum",
        "symbol": "BTC-EUR",
        "mu": 0.001,
        "sigma": 0.01,
        "horizon_s": 900.0,
        "confidence": 0.5,
        "direction": "long",
        "regime": "",
        "based_on": (1,),
    }
    Signal(**facts)
    with pytest.raises(ValueError, match="momentum on BTC-EUR"):
        Signal(**(facts | changed))


def test_an_opportunity_whose_quantiles_fall_is_refused() -> None:
    with pytest.raises(ValueError, match="quantiles fall"):
        Opportunity(
            symbol="BTC-EUR",
            mu=0.0,
            sigma=0.01,
            horizon_s=900.0,
            confidence=1.0,
            cost_bps=3.0,
            quantiles=(0.0, -0.1),
            weights={},
            based_on=(),
        )


@given(st.tuples(*[st.integers(0, 99)] * 4))
def test_a_client_order_id_names_its_parts_and_no_other(parts) -> None:
    identity = OrderIdentity(*parts)
    assert parse_client_order_id(client_order_id(identity)) == identity


def test_ids_that_are_not_ours_are_refused() -> None:
    for text in ("", "k1-1", "x1-000001-00-0", "k1-000001-00-0-9", "k-a-b-c"):
        with pytest.raises(ValueError, match="client order id"):
            parse_client_order_id(text)
    with pytest.raises(ValueError, match="counts from 0"):
        client_order_id(OrderIdentity(-1, 0, 0, 0))
    assert message_id("canary-000001", 5) == "canary-000001#5"


@given(st.integers(-(10**9), 10**9))
def test_ticks_and_prices_are_the_same_thing_twice(ticks) -> None:
    instrument = an_instrument(tick=Decimal("0.05"))
    assert instrument.ticks(instrument.price(ticks)) == ticks


@given(st.floats(-1e6, 1e6))
def test_lots_within_a_belief_never_exceed_it(quantity) -> None:
    instrument = an_instrument(lot=Decimal("0.001"))
    lots = instrument.lots_within(quantity)
    assert abs(instrument.quantity(lots)) <= abs(Decimal(repr(quantity)))
    assert abs(Decimal(repr(quantity))) - abs(instrument.quantity(lots)) < instrument.lot


@given(st.floats(0.01, 1e6))
def test_a_buyers_grid_price_lies_above_and_a_sellers_below(price) -> None:
    instrument = an_instrument(tick=Decimal("0.01"))
    below, above = instrument.price(instrument.ticks_below(price)), instrument.price(instrument.ticks_above(price))
    assert below <= Decimal(repr(price)) <= above
    assert above - below <= instrument.tick


def test_prices_off_the_grid_and_impossible_rules_are_refused() -> None:
    instrument = an_instrument(tick=Decimal("0.01"))
    with pytest.raises(ValueError, match=r"price 1\.005 is off the grid of 0\.01"):
        instrument.ticks(Decimal("1.005"))
    with pytest.raises(ValueError, match="expected a finite number"):
        instrument.lots_within(float("nan"))
    with pytest.raises(ValueError, match="lot was 0"):
        an_instrument(lot=Decimal(0))


def test_a_universe_names_each_symbol_once() -> None:
    with pytest.raises(ValueError, match="each symbol once"):
        Universe(1, (an_instrument(), an_instrument()))
    with pytest.raises(ValueError, match="at least one"):
        Universe(1, ())


def test_the_topic_of_a_message_is_found_by_message_and_by_type() -> None:
    assert topic_of(a_tick()) is topic_of(type(a_tick()))
