"""A fitted model as it leaves the store: verified text, and what is needed to use it."""

import msgspec

from contracts.quantities import Nanos


class InputReference(msgspec.Struct, frozen=True, kw_only=True):
    """What each input looked like in training: 41 quantiles, the share of values at or below each, how often it was
    absent, how many independent values that rests on, how far blocks of time lay from the whole, and over how many
    instants. No places where it was never there.
    """

    places: tuple[tuple[float, ...], ...]
    below: tuple[tuple[float, ...], ...]
    absent: tuple[float, ...]
    worth: tuple[float, ...]
    wander: tuple[float, ...]
    instants: int


class ModelTexts(msgspec.Struct, frozen=True, kw_only=True):
    """The boosters of one model, one text for each level and set, after every check was passed.

    `model` is the SHA-256 of the manifest; `schema` the hash of the `inputs` in their order. The boosters of `residual`
    start from the base given with each row; those of `free` (as many, or none) from the constant `start` of their
    level. `spread` (levels) is how far the best checkpoints of training lay apart, in units of the target. All of it
    is in units of the reference deviation. `reference` is None in models of before there was one.
    """

    model: str
    schema: str
    inputs: tuple[str, ...]
    levels: tuple[float, ...]
    residual: tuple[str, ...]
    free: tuple[str, ...]
    start: tuple[float, ...]
    spread: tuple[float, ...]
    trained_until_ns: Nanos
    examples: int
    reference: InputReference | None = None
