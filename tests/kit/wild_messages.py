"""Messages at the edges of what their types allow: what a hostile or broken outside could get into a journal."""

import random
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import inspect

from contracts import codec
from contracts.column import Column, flags, floats, integers
from contracts.topics import TABLE
from tests.kit.every_message import a_message

WHOLE = (0, -1, 1 << 31, -(1 << 31) - 1, 1 << 53, (1 << 63) - 1, -(1 << 63), (1 << 64) - 1)
NUMBERS = (float("nan"), float("inf"), float("-inf"), 1e308, -5e-324, -0.0, 0.1)
LONG = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(20_000))
"""What no index takes, and what does not get shorter by packing it."""

TEXTS = (
    "",
    "\0",
    "a\0b\0",
    "\\u0000",
    "💥" * 50,
    "a\r\nb\x1b[31m",
    "'; drop table runs; --",
    "x" * 70_000,
    "BTC-EUR",
    "ETH-EUR",
)
MONEY = tuple(map(Decimal, ("0", "-0", "1E+500", "1E-500", "1E+200000", "123456789.000000000000000000001", "-1")))


def wild_messages(seed: int, count: int) -> list[msgspec.Struct]:
    """That many messages of any type that the codec carries there and back, the same for the same seed."""
    chance = random.Random(seed)
    found: list[msgspec.Struct] = []
    while len(found) < count:
        message = _wild(chance.choice(TABLE).payload, chance)
        if message is not None:
            found.append(message)
    return found


def _wild(kind: type[msgspec.Struct], chance: random.Random) -> msgspec.Struct | None:
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType)
    changed = {
        field.name: value
        for field in described.fields
        if chance.random() < 0.5 and (value := _value(field.type, chance)) is not None
    }
    try:
        message: msgspec.Struct = a_message(kind, **changed)
        return codec.decode(kind.__name__, codec.encode(message))
    except (ValueError, OverflowError, msgspec.MsgspecError):
        return None


def _value(said: Any, chance: random.Random) -> Any:
    if isinstance(said, inspect.UnionType):
        return _value(chance.choice([each for each in said.types if not isinstance(each, inspect.NoneType)]), chance)
    if isinstance(said, inspect.VarTupleType):
        return tuple(_value(said.item_type, chance) for _ in range(chance.randrange(3)))
    if isinstance(said, inspect.DictType):
        return {chance.choice(TEXTS): _value(said.value_type, chance) for _ in range(chance.randrange(3))}
    if isinstance(said, inspect.CustomType):
        return _column(chance)
    choices: dict[type, tuple[Any, ...]] = {
        inspect.IntType: WHOLE,
        inspect.FloatType: NUMBERS,
        inspect.StrType: TEXTS,
        inspect.DecimalType: MONEY,
    }
    return chance.choice(choices[type(said)]) if type(said) in choices else None


def _column(chance: random.Random) -> Column:
    width = chance.choice((0, 1, 2, 2, 2, 3))
    kinds = (
        lambda: floats([chance.choice(NUMBERS) for _ in range(width)]),
        lambda: integers([chance.choice(WHOLE[:-1]) for _ in range(width)] or [0]),
        lambda: flags([chance.random() < 0.5 for _ in range(width)]),
        lambda: floats([[chance.choice(NUMBERS)] * 2 for _ in range(max(width, 1))]),
    )
    return chance.choice(kinds)()
