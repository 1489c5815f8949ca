"""A column of a data set that was handed out too early is caught, by its times or by what it knows."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bot.lookahead.columns import check_columns
from bot.lookahead.lives import Told
from contracts.context import ContextValue
from contracts.history import Dated
from contracts.market import Perp
from tests.kit.history_data import a_walk

DATA = a_walk(width=3, times=400, seed=4)
STAMPS = DATA.block.close_ns.tolist()
CLOSE = DATA.block.close
TOLD = Told(0, 2**62, frozenset({"context", "funding"}))


def found(data):
    return check_columns(data, data.bar_s, TOLD)


def figures(values, name="index", **times: Any):
    return [
        Dated(
            at_ns,
            ContextValue(
                name=name, value=float(value), vintage="1", **({"event_ns": at_ns, "released_ns": at_ns} | times)
            ),
        )
        for at_ns, value in zip(STAMPS, values, strict=False)
    ]


def of_bars(**changed):
    return replace(DATA, block=DATA.block._replace(**changed))


def test_an_honest_data_set_raises_no_alarm() -> None:
    rng = np.random.default_rng(1)
    honest = [
        *figures(CLOSE[:, 0]),
        *figures(rng.normal(size=400), "noise"),
        *figures(np.cumsum(rng.normal(size=400)), "vix"),
    ]
    report = found(replace(DATA, dated=sorted(honest, key=lambda row: row.at_ns)))

    assert report.faults == []
    assert report.looked_at == 5 * 3 + 3
    assert report.too_few == ()


def test_tomorrow_s_close_published_as_today_s_context_is_caught() -> None:
    report = found(replace(DATA, dated=figures(CLOSE[1:, 1])))

    assert [(each.check, each.column) for each in report.faults] == [("knows what comes", "context.index")]
    assert report.faults[0].ic > 0.9
    assert abs(report.faults[0].delayed) < 0.3


def test_the_same_figure_a_bar_later_is_honest() -> None:
    assert found(replace(DATA, dated=figures(CLOSE[:, 1]))).faults == []


def test_a_daily_close_that_counts_from_the_morning_is_caught() -> None:
    data = a_walk(width=2, times=4000, seed=8)
    mornings = range(0, 3970, 30)
    rows = [
        Dated(
            at,
            ContextValue(
                name="fix", value=float(data.block.close[row + 30, 0]), event_ns=at, released_ns=at, vintage="1"
            ),
        )
        for row in mornings
        if (at := int(data.block.close_ns[row]))
    ]
    report = found(replace(data, dated=rows))
    assert [each.column for each in report.faults] == ["context.fix"]


@pytest.mark.parametrize(("name", "bars"), [("high", 1), ("low", 1), ("close", 1), ("open", 2)])
def test_a_column_of_bars_that_comes_too_early_is_caught(name, bars) -> None:
    """The next open is the last close here, so that an open is early only by two."""
    early = np.vstack((getattr(DATA.block, name)[bars:], getattr(DATA.block, name)[-bars:]))
    report = found(of_bars(**{name: early}))

    assert {each.check for each in report.faults} == {"knows what comes"}
    assert f"bars.{name}" in {each.column for each in report.faults}


def test_a_figure_that_was_told_before_its_release_is_caught_by_its_times() -> None:
    late = figures(CLOSE[:3, 0], released_ns=STAMPS[-1])
    report = found(replace(DATA, dated=late))

    assert [(each.check, each.text.split(":")[0]) for each in report.faults] == [
        ("told too early", "before its release")
    ]


def test_a_rate_of_a_moment_to_come_is_caught_by_its_times() -> None:
    rate = Perp(symbol="I000-EUR", funding=1e-4, event_ns=STAMPS[50] + 60 * 10**9, epoch=1, frame=1)
    report = found(replace(DATA, dated=[Dated(STAMPS[50], rate)]))
    assert [each.text.split(":")[0] for each in report.faults] == ["before its moment"]
    assert report.too_few == ("funding.funding of I000-EUR",)


def test_rows_out_of_order_are_caught() -> None:
    rows = figures(np.ones(3))
    report = found(replace(DATA, dated=[rows[0], rows[2], rows[1]]))
    assert [each.text.split(":")[0] for each in report.faults] == ["out of order"]


def test_a_reader_whose_past_depends_on_how_much_is_asked_for_is_caught() -> None:
    class Centred(type(DATA)):
        def bars(self, bar_s, from_ns, to_ns, symbols=None):
            for block in super().bars(bar_s, from_ns, to_ns, symbols):
                yield block._replace(volume=block.volume / np.nanmean(block.volume))

    report = found(Centred(DATA.block, DATA.instruments, stamps=10_000))
    assert [(each.column, each.text.split(":")[0]) for each in report.faults] == [("bars.volume", "changes")]


def test_a_reader_that_hands_out_what_is_not_known_yet_is_caught() -> None:
    class Generous(type(DATA)):
        def rows(self, kinds, from_ns, to_ns, symbols=None):
            return iter(self.dated)

    report = found(Generous(DATA.block, DATA.instruments, dated=figures(np.arange(400.0) % 7)))
    assert [each.text.split(":")[0] for each in report.faults] == ["too early"]
