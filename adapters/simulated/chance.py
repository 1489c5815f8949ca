"""Chance that can be asked for in any order: one generator per (seed, stream, index), and smooth noise made of it."""

import hashlib
from collections.abc import Callable
from enum import IntEnum

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Stream(IntEnum):
    """What a generator is for; two streams of one seed never share a number."""

    ANCHOR = 1
    DAY = 2
    PATH = 3
    BOOK = 4
    PHASE = 5
    BROKER = 6
    FEED_WEATHER = 7
    VENUE_WEATHER = 8


def generator(seed: int, stream: Stream, index: int = 0) -> np.random.Generator:
    """The generator of that place: a pure function of its arguments, equal in every process.

    Raises:
        ValueError: a seed outside 64 bits or an index outside 56 bits.
    """
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed was {seed}, expected 0 to 2**64 - 1")
    if not 0 <= index < 2**56:
        raise ValueError(f"index was {index}, expected 0 to 2**56 - 1")
    key = np.array([seed, (int(stream) << 56) | index], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))


def uniforms(seed: int, stream: Stream) -> Callable[..., float]:
    """Numbers in [0, 1) by what each is about alone, not by what was drawn before: equal in every process.

    Raises:
        ValueError: a seed outside 64 bits.
    """
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed was {seed}, expected 0 to 2**64 - 1")
    keyed = hashlib.blake2b(str(int(stream)).encode(), digest_size=8, key=seed.to_bytes(8, "little"))

    def uniform(*about: object) -> float:
        hashed = keyed.copy()
        hashed.update(("\0%s" * len(about) % about).encode())
        return (int.from_bytes(hashed.digest(), "little") >> 11) * 2.0**-53

    return uniform


def student(chance: np.random.Generator, freedom: float, shape: tuple[int, ...]) -> Floats:
    """Student t numbers with unit variance; `freedom` must be more than 2."""
    drawn: Floats = chance.standard_t(freedom, shape) * np.sqrt((freedom - 2) / freedom)
    return drawn


def relaxing(noise: Floats, steps: float) -> Floats:
    """Unit-variance noise that forgets over `steps` rows.

    x[t+1] = a x[t] + sqrt(1 - a*a) noise[t] with x[0] = 0 and a = exp(-1/steps). Returns one row
    more than `noise`. The sums are scaled by powers of a, so at most 600 memories fit in one call.
    """
    rows = len(noise)
    if rows > 600 * steps:
        raise ValueError(f"{rows} rows were asked for with a memory of {steps}, at most {600 * steps} fit")
    decay = np.exp(-1.0 / steps)
    powers = decay ** np.arange(rows + 1).reshape((-1,) + (1,) * (noise.ndim - 1))
    summed = np.zeros((rows + 1, *noise.shape[1:]))
    np.cumsum(noise / powers[1:], axis=0, out=summed[1:])
    relaxed: Floats = np.sqrt(1 - decay**2) * summed * powers
    return relaxed
