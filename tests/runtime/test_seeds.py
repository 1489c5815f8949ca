import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.seeds import Seeds

SEED = st.integers(min_value=0, max_value=2**128)
NAME = st.text(max_size=30)


def draw(seed: int, name: str) -> list[int]:
    return [int(number) for number in Seeds(seed).generator(name).integers(2**63, size=4)]


@pytest.mark.numbers
@given(SEED, NAME)
def test_a_stream_depends_on_the_seed_and_the_name_alone(seed, name):
    seeds = Seeds(seed)
    seeds.generator("another").normal(size=3)
    assert seeds.generator(name).integers(2**63, size=4).tolist() == draw(seed, name)


@given(SEED, NAME, NAME)
def test_two_names_have_two_streams(seed, one, other):
    assert (draw(seed, one) == draw(seed, other)) == (one == other)


@given(SEED, SEED, NAME)
def test_two_seeds_have_two_streams(one, other, name):
    assert (draw(one, name) == draw(other, name)) == (one == other)


def test_streams_of_two_names_are_not_correlated():
    seeds = Seeds(42)
    one, other = seeds.generator("selector").normal(size=20_000), seeds.generator("weather").normal(size=20_000)
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.03


def test_the_numbers_are_those_of_the_first_release():
    assert draw(7, "selector") == [4930429117406399772, 9086358595040487911, 6178112765086461721, 430417578412988126]


def test_a_stream_does_not_move_with_the_hash_seed_of_the_process():
    program = "from runtime.seeds import Seeds; print(Seeds(7).generator('selector').integers(2**63, size=4).tolist())"
    said = [
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, timeout=30
        ).stdout
        for seed in ("1", "2")
    ]
    assert said == [f"{draw(7, 'selector')}\n"] * 2


def test_a_negative_seed_is_refused_by_name():
    with pytest.raises(ValueError, match="seed -1: expected a whole number of at least 0"):
        Seeds(-1)
