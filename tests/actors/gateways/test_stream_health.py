from actors.gateways.stream_health import StreamHealth
from contracts.market import FeedStatus
from contracts.quantities import SECOND_NS

NOW = 1_000 * SECOND_NS


def status(state: str = "live", symbols: tuple[str, ...] = ("BTC-EUR", "ETH-EUR"), feed: str = "venue") -> FeedStatus:
    return FeedStatus(feed, state, 1, symbols, f"{state} as the venue said")  # type: ignore[arg-type]


def healthy(*learned: FeedStatus) -> StreamHealth:
    health = StreamHealth(3.0, 2.0)
    for each in learned or (status(),):
        health.learn(each)
    health.hear(NOW, NOW)
    return health


def test_before_anything_current_was_heard_every_feed_is_stale() -> None:
    health = StreamHealth(3.0, 2.0)

    (said,) = health.learn(status())

    assert (said.feed, said.state, said.symbols) == ("venue", "stale", ("BTC-EUR", "ETH-EUR"))
    assert [each.state for each in health.hear(NOW, NOW)] == ["live"]


def test_a_healthy_stream_says_what_the_feeds_say() -> None:
    health = healthy()

    assert health.learn(status("gap", ("BTC-EUR",))) == (status("gap", ("BTC-EUR",)),)
    assert health.hear(NOW, NOW + SECOND_NS) == ()
    assert health.look(NOW + 2 * SECOND_NS) == ()


def test_silence_makes_every_feed_stale_once() -> None:
    health = healthy(status(), status(feed="another", symbols=("SOL-EUR",)))

    said = health.look(NOW + 4 * SECOND_NS)

    assert [(each.feed, each.state) for each in said] == [("venue", "stale"), ("another", "stale")]
    assert "nothing of the stream for 4.0 s" in said[0].detail
    assert health.look(NOW + 5 * SECOND_NS) == ()
    assert health.times_away == 1


def test_a_stream_that_is_behind_or_ahead_is_not_believed() -> None:
    behind, ahead = healthy(), healthy()

    (late,) = behind.hear(NOW, NOW + 5 * SECOND_NS)
    (early,) = ahead.hear(NOW + 5 * SECOND_NS, NOW)

    assert (late.state, "5.0 s behind" in late.detail) == ("stale", True)
    assert (early.state, "5.0 s ahead" in early.detail) == ("stale", True)


def test_when_the_stream_is_back_each_instrument_is_what_its_feed_said_last() -> None:
    health = healthy()
    health.look(NOW + 4 * SECOND_NS)
    while_away = health.learn(status("gap", ("ETH-EUR",)))

    back = health.hear(NOW + 5 * SECOND_NS, NOW + 5 * SECOND_NS)

    assert [each.state for each in while_away] == ["gap"], "worse than stale is said at once"
    assert {symbol: each.state for each in back for symbol in each.symbols} == {"BTC-EUR": "live", "ETH-EUR": "gap"}


def test_a_feed_that_comes_back_behind_a_stream_that_does_not_stays_stale() -> None:
    health = healthy(status("down"))
    health.look(NOW + 4 * SECOND_NS)

    (said,) = health.learn(status("live"))

    assert said.state == "stale"


def test_an_ingest_that_ends_takes_the_feeds_with_it() -> None:
    health = healthy()

    (said,) = health.end("the ingest has ended: asked by an operator")

    assert (said.state, said.detail) == ("stale", "the ingest has ended: asked by an operator")


def test_a_status_of_a_whole_feed_is_repeated_as_one() -> None:
    health = healthy(status(symbols=()))

    (said,) = health.look(NOW + 4 * SECOND_NS)

    assert said.symbols == ()
