"""Telling: aligned, rounded, nothing said twice, and long facts below each other."""

from bot.cli.telling import INDENT, WIDTH, told
from bot.why import Explanation, Link


def a_link(step: str = "intent", **says) -> Link:
    return Link(
        step=step, seq=7, turn=1, cause=0, at="2026-01-01T12:00:05.209Z", source="risk", type="Intent", says=says
    )


def lines(*links: Link) -> list[str]:
    return list(told(Explanation(client_id="k1-000001-00-0", symbol="BTC-EUR", chain=links)))


def test_a_step_is_named_once() -> None:
    _, first, second = lines(a_link(side="buy"), a_link(side="sell"))
    assert first[:11].strip() == "intent"
    assert second[:11].strip() == ""


def test_numbers_are_rounded_and_returns_are_in_basis_points() -> None:
    (line,) = lines(a_link(mu=-0.000815318, mark=2220.391234, fee="0.00359698320", quantity="0.0162"))[1:]
    assert line[INDENT:] == "mu -8.15 bps  mark 2220.4  fee 0.003597  quantity 0.0162"


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
