"""Chance by name: one independent stream of numbers for each name, all from the one seed of a run."""

from hashlib import blake2b

import numpy as np


class Seeds:
    """Where all chance comes from; an actor that was given no generator has none.

    Law: the stream of a name depends on the seed and that name alone, not on what else was asked for, in which order
    or in which process.
    """

    def __init__(self, seed: int) -> None:
        if seed < 0:
            raise ValueError(f"seed {seed}: expected a whole number of at least 0")
        self.seed = seed

    def generator(self, name: str) -> np.random.Generator:
        """Return a new generator at the start of that name's stream; asking twice gives the same numbers twice."""
        words = np.frombuffer(blake2b(name.encode(), digest_size=16).digest(), dtype="<u4")
        sequence = np.random.SeedSequence(self.seed, spawn_key=tuple(int(word) for word in words))
        return np.random.Generator(np.random.PCG64DXSM(sequence))
