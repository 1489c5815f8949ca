"""Telling: aligned, rounded, nothing said twice, and long facts below each other."""

import msgspec

from bot.cli.telling import INDENT, WIDTH, told
from bot.why import Explanation, Link

DAY = "2026-01-01"


def a_link(step: str = "intent", **says) -> Link:
    return Link(step=step, seq=7, turn=1, cause=0, at=f"{DAY}T12:00:05.209Z", source="risk", type="Intent", says=says)


def lines(*links: Link) -> list[str]:
    return list(told(Explanation(client_id="k1-000001-00-0", symbol="BTC-EUR", chain=links)))


def test_a_step_is_named_once() -> None:
    _, first, second = lines(a_link(side="buy"), a_link(side="sell"))
    assert first[:11].strip() == "intent"
    assert second[:11].strip() == ""


def test_numbers_are_rounded_and_returns_are_in_basis_points() -> None:
    (line,) = lines(a_link(mu=-0.000815318, mark=2220.39, fee="0.00359698320", quantity="0.0162"))[1:]
    assert line[INDENT:] == "mu -8.15 bps  mark 2220.39  fee 0.003597  quantity 0.0162"


def test_a_price_keeps_its_cents() -> None:
    (line,) = lines(a_link(mark=24016.125, ratio=1.2345678))[1:]
    assert line[INDENT:] == "mark 24016.125  ratio 1.2346"


def test_the_day_is_told_once_and_again_where_another_begins() -> None:
    links = [a_link(side=side) for side in ("buy", "sell", "buy")]
    later, last = (msgspec.structs.replace(each, at=each.at.replace(DAY, "2026-02-03")) for each in links[:2])
    told = lines(later, last, links[2])
    assert "2026-02-03" in told[0]
    assert [line for line in told[1:] if line.startswith("on ")] == [f"on {DAY}"]


def test_what_says_nothing_is_left_out() -> None:
    (line,) = lines(a_link(reason="", late=False, external=True, mu=None, symbol="BTC-EUR", fill_seq=3, at_ns=5))[1:]
    assert line[INDENT:] == "external"


def test_nan_is_no_number_to_tell() -> None:
    (line,) = lines(a_link(mu=float("nan"), sigma=0.001))[1:]
    assert line[INDENT:] == "sigma 10.00 bps"


def test_a_digest_is_explained_and_not_shown() -> None:
    (line,) = lines(a_link("features", digest="281a62cb5a419887dcc06c026df5c5e5"))[1:]
    assert "281a" not in line
    assert "`bot replay` proves" in line


def test_many_facts_stand_below_each_other() -> None:
    found = lines(a_link(**{f"field_{number}": number for number in range(40)}))[1:]
    assert len(found) > 3
    assert all(len(line) <= WIDTH for line in found)
    assert all(line[:INDENT].strip() == "" for line in found[1:])


def test_weights_stand_under_their_agents_names() -> None:
    (line,) = lines(a_link("slate", weights={"momentum": 0.45201021, "reversion": 0.0}))[1:]
    assert line[INDENT:] == "weight of momentum 0.45201  weight of reversion 0"
