"""Hypothesis strategies for messages of every type, odd ones among them: NaN, infinities, empty columns, odd text."""

from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
from hypothesis import strategies as st
from msgspec import inspect

from contracts.column import Column
from contracts.instrument import Instrument, Universe

SYMBOLS = ("BTC-EUR", "ETH-EUR", "SOL/USDT:USDT")
ODD_NAN = np.array([0xFFF8000000000001], dtype=np.uint64).view(np.float64).item()
WHOLE = st.integers(-(2**63), 2**63 - 1)
NUMBER = st.floats() | st.just(ODD_NAN)
TEXT = st.text(max_size=8) | st.sampled_from(["a/b", "x=y z", "~0", "é💶", '"\\'])
MONEY = st.decimals(allow_nan=False, allow_infinity=False) | st.sampled_from([Decimal("1E+3"), Decimal("-0.00")])
INSTRUMENTS = tuple(
    Instrument(
        symbol=symbol, venue="v", base="b", quote="q", settlement="q", tick=Decimal("0.01"), lot=Decimal("1E-8"),
        notional_min=Decimal(1), quantity_max=Decimal(9), can_short=False, leverage_max=Decimal(1), fee_taker_bps=1.5,
        fee_maker_bps=0.1,
    )
    for symbol in SYMBOLS
)  # fmt: skip


def columns(draw: Any) -> Column:
    """Of any kind, over the universe or not, of one or two dimensions, empty ones too."""
    kind = draw(st.sampled_from("fib"))
    size = st.sampled_from([0, 1, 2, len(SYMBOLS), len(SYMBOLS), 5])
    shape = (draw(size),) if draw(st.booleans()) else (draw(size), draw(size))
    count = int(np.prod(shape))
    element = {"f": NUMBER, "i": WHOLE, "b": st.booleans()}[kind]
    dtype = {"f": np.float64, "i": np.int64, "b": np.bool_}[kind]
    values = draw(st.lists(element, min_size=count, max_size=count))
    return Column(np.array(values, dtype=dtype).reshape(shape))


@st.composite
def messages(draw: Any, kind: type[msgspec.Struct]) -> Any:
    """Any message of a type; frames are of universe 1, which has `SYMBOLS`."""
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType)
    return _struct(draw, described)


def _struct(draw: Any, described: inspect.StructType) -> Any:
    if described.cls is Universe:
        return Universe(version=1, instruments=INSTRUMENTS)
    values = {field.name: _value(draw, field.type, field.name) for field in described.fields}
    if described.cls.__name__ == "ContextValue":
        values |= {"name": values["name"] or "n", "vintage": values["vintage"] or "v"}
    return described.cls(**values)


def _value(draw: Any, said: Any, name: str) -> Any:
    if name == "universe" and isinstance(said, inspect.IntType):
        return 1
    if isinstance(said, inspect.UnionType):
        return _value(draw, draw(st.sampled_from(said.types)), name)
    if isinstance(said, inspect.StructType):
        return _struct(draw, said)
    if isinstance(said, inspect.LiteralType):
        return draw(st.sampled_from(said.values))
    if isinstance(said, inspect.DictType):
        return {draw(TEXT): _value(draw, said.value_type, "") for _ in range(draw(st.integers(0, 2)))}
    if isinstance(said, inspect.VarTupleType | inspect.ListType):
        return tuple(_value(draw, said.item_type, "") for _ in range(draw(st.integers(0, 2))))
    if isinstance(said, inspect.CustomType):
        return columns(draw)
    plain: dict[type, Any] = {
        inspect.NoneType: st.none(),
        inspect.BoolType: st.booleans(),
        inspect.IntType: WHOLE,
        inspect.FloatType: NUMBER,
        inspect.StrType: TEXT,
        inspect.DecimalType: MONEY,
    }
    return draw(plain[type(said)])
