"""One message of any type, made from the type alone: every field is set, equal types give equal messages."""

import zlib
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import inspect

from contracts.column import Column, flags, floats, integers
from contracts.instrument import Instrument
from contracts.topics import TABLE

_WHOLE = ("_ns", "_seq", "_ticks", "_lots")
_OWN: dict[tuple[str, str], Any] = {
    ("Universe", "instruments"): lambda: tuple(_struct(_INSTRUMENT, symbol=name) for name in ("BTC-EUR", "ETH-EUR")),
    ("AllocationAsked", "unit_losses"): lambda: floats([[0.25, -0.5], [0.125, 1.5]]),
    ("Slate", "quantiles"): lambda: floats([[-0.5, -0.25], [0.5, 0.25]]),
    ("FeatureFrame", "values"): lambda: floats([[1.5, float("nan")], [0.25, -2.0]]),
    ("Selection", "correlation"): lambda: floats([[1.0, 0.25], [0.25, 1.0]]),
}


def every_message() -> list[msgspec.Struct]:
    """One of every type, in the order of the topics table."""
    return [a_message(topic.payload) for topic in TABLE]


def a_message(kind: type[msgspec.Struct], **changed: Any) -> Any:
    """A message of that type with a value in every field."""
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType)
    return _struct(described, **changed)


def _struct(described: inspect.StructType, **changed: Any) -> Any:
    kind = described.cls
    values = {}
    for field in described.fields:
        own = _OWN.get((kind.__name__, field.name))
        values[field.name] = own() if own else _value(field.type, f"{kind.__name__}.{field.name}")
    return kind(**(values | changed))


def _value(said: Any, path: str) -> Any:
    number = zlib.crc32(path.encode()) % 90 + 10
    name = path.rpartition(".")[2]
    if isinstance(said, inspect.UnionType):
        return _value(next(each for each in said.types if not isinstance(each, inspect.NoneType)), path)
    if isinstance(said, inspect.LiteralType):
        return said.values[number % len(said.values)]
    if isinstance(said, inspect.StructType):
        return _struct(said)
    if isinstance(said, inspect.DictType):
        return {"BTC": _value(said.value_type, path + "[]"), "EUR": _value(said.value_type, path + "[0]")}
    if isinstance(said, inspect.VarTupleType | inspect.ListType):
        return tuple(_value(said.item_type, f"{path}[{index}]") for index in range(2))
    if isinstance(said, inspect.CustomType):
        assert said.cls is Column
        return _column(name, number)
    plain: dict[type, Any] = {
        inspect.BoolType: number % 2 == 0,
        inspect.IntType: number,
        inspect.FloatType: number / 8,
        inspect.StrType: f"{name}-{number}",
        inspect.DecimalType: Decimal(number) / 4,
    }
    return plain[type(said)]


def _column(name: str, number: int) -> Column:
    if name == "valid":
        return flags([True, False])
    if name.endswith(_WHOLE):
        return integers([number, number + 1])
    return floats([number / 8, float("nan")])


_INSTRUMENT: Any = inspect.type_info(Instrument)
