"""What agents elsewhere write, by programs that are not ours: it is read for ever, and no more is demanded."""

import msgspec

from contracts.remote import RemoteSignal

OF_THE_FIRST_VERSION = (
    b'{"agent":"far","symbol":"BTC-EUR","mu":0.0005,"sigma":0.004,"horizon_s":600}',
    b'{"agent":"far","symbol":"BTC-EUR","mu":1,"sigma":2,"horizon_s":600.5,"confidence":0.5,"score":-1.5,'
    b'"said_ns":1767268800000000000,"sender":"a/b/1","number":7,"based_on":6}',
    b'{"agent":"far","symbol":"BTC-EUR","mu":0.0005,"sigma":0.004,"horizon_s":600,"score":null}',
)


def test_what_agents_of_the_first_version_wrote_is_read_for_ever() -> None:
    least, most, unscored = (msgspec.json.decode(each, type=RemoteSignal) for each in OF_THE_FIRST_VERSION)
    assert (least.confidence, least.score, least.said_ns, least.sender, least.number, least.based_on) == (
        1.0, None, 0, "", 0, 0,
    )  # fmt: skip
    assert (most.score, most.number, most.horizon_s) == (-1.5, 7, 600.5)
    assert unscored.score is None


def test_no_more_is_demanded_than_in_the_first_version() -> None:
    demanded = [field.name for field in msgspec.structs.fields(RemoteSignal) if field.required]
    assert demanded == ["agent", "symbol", "mu", "sigma", "horizon_s"]
