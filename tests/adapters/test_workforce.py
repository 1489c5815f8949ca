"""Many pieces of work at once."""

import math

import pytest

from adapters.workforce import NoWorkforce, spread


def test_one_worker_works_here_and_in_order():
    assert list(spread("joblib", 1, math.sqrt, [1.0, 4.0, 9.0])) == [1.0, 2.0, 3.0]


def test_two_workers_find_the_same():
    assert sorted(spread("joblib", 2, math.sqrt, [1.0, 4.0, 9.0])) == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("workforce", ["dask", "loky", ""])
def test_a_workforce_that_does_not_exist_is_refused_with_those_that_do(workforce):
    with pytest.raises(NoWorkforce, match="expected one of joblib, dask:ADDRESS, ray"):
        list(spread(workforce, 1, math.sqrt, [1.0]))


@pytest.mark.parametrize("workforce", ["dask:127.0.0.1:1", "ray"])
def test_a_library_that_is_not_there_is_named(workforce):
    with pytest.raises(NoWorkforce, match="not installed"):
        list(spread(workforce, 1, math.sqrt, [1.0]))
