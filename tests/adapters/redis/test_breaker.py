"""The breaker: failures on end open it, one may try, an answer closes it."""

from adapters.redis.breaker import Breaker


def test_failures_on_end_open_it_and_others_do_not():
    breaker = Breaker(3, 1.0)
    for now_s in (0.0, 0.1):
        breaker.failed(now_s)
    breaker.succeeded()
    for now_s in (0.2, 0.3):
        breaker.failed(now_s)
    assert breaker.lets_through(0.3) and not breaker.is_open
    breaker.failed(0.4)
    assert breaker.is_open and not breaker.lets_through(1.3)


def test_one_at_a_time_may_try_and_what_comes_of_it_counts():
    breaker = Breaker(1, 1.0)
    breaker.failed(0.0)
    assert breaker.lets_through(1.0) and not breaker.lets_through(1.0)
    breaker.failed(1.0)
    assert not breaker.lets_through(1.9) and breaker.lets_through(2.0)
    breaker.given_up()
    assert breaker.lets_through(2.0)
    breaker.succeeded()
    assert not breaker.is_open and breaker.lets_through(2.0) and breaker.lets_through(2.0)
