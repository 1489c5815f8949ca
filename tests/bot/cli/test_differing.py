"""A comparison in lines: what is the same is not said twice, and what is left out is counted."""

from bot.cli.differing import lines
from bot.diffing.comparing import Changed, Comparison
from bot.diffing.policy import Change
from bot.diffing.running import DiffReport
from bot.diffing.stages import Cause
from bot.diffing.worth import Figure, Worth


def a_change(decision: int) -> Changed:
    return Changed(
        decision=decision,
        at="2026-01-01T12:00:30.000Z",
        seq=decision,
        kinds=("sizes",),
        picks=(("buy A",), ("buy A",)),
        orders=(("buy 2 A",), ()),
        refusals=((), ()),
        weights=0.0,
        cause=Cause("gate", "because"),
    )


def a_worth(judged: int = 0, **more) -> Worth:
    nothing = Figure(float("nan"), float("nan"), float("nan"), 0.0)
    about = {"recorded": nothing, "market": nothing, "gain": nothing, "estimates": {}} | more
    return Worth(judged=judged, chance=0, supported=0, support=0.0, seed=17, block=4, **about)


def a_report(changed: int = 0, **more) -> DiffReport:
    comparison = Comparison(
        decisions=10,
        equal=10 - changed,
        moved=0,
        changed=tuple(a_change(number) for number in range(1, changed + 1)),
        by_kind={"picks": 0, "sizes": changed},
        causes={"gate": changed} if changed else {},
        parting=None,
        failures=(),
        rungs={"pool": (10, 4), "booster": (0, 6)},
    )
    about = (
        {"worth": a_worth()} | {"own": "canary", "policy": "canary", "changes": (), "model": "", "ahead": False} | more
    )
    return DiffReport(run="canary-000001", fingerprint_differences=(), comparison=comparison, **about)


def test_the_other_policy_is_named_as_what_it_is() -> None:
    assert "its own profile with other values" in next(lines(a_report(), 20))
    assert "profile soak" in next(lines(a_report(policy="soak"), 20))
    assert "model abcdefabcdef:" in next(lines(a_report(model="abcdefabcdef0123"), 20))


def test_a_model_that_may_know_what_came_is_told_and_how_often_it_had_a_say() -> None:
    told = list(lines(a_report(model="abc", ahead=True), 20))
    assert any("may know what came" in line for line in told)
    assert "  decisions by rung of the blend: pool 10 -> 4, booster 0 -> 6" in told


def test_rows_beyond_the_limit_are_counted_and_only_what_differs_is_shown() -> None:
    told = list(lines(a_report(3), 2))
    assert sum(line.startswith("decision") for line in told) == 2
    assert any("1 more changed decisions" in line for line in told)
    assert not any(line.strip().startswith("picks") for line in told)
    assert [line.split()[-1] for line in told if line.strip().startswith("orders")] == ["A", "none"] * 2
    assert sum(line.startswith("decision") for line in lines(a_report(3), None)) == 3


def test_values_without_effect_are_apart() -> None:
    changes = (Change("feed.bar_s", 1, 2, False), Change("seed", 1, 2, True), Change("name", "a", "b", False))
    told = list(lines(a_report(changes=changes), 20))
    assert told[1:3] == ["  seed 1 -> 2", "  without effect, because outside and account are as recorded: feed.bar_s"]


def test_what_cannot_be_told_of_worth_is_told() -> None:
    assert "cannot be told" in list(lines(a_report(), 20))[-1]
    without = list(lines(a_report(worth=a_worth(9)), 20))
    assert "too few horizons" in without[-5]
    assert "no choice of the other policy has support" in without[-1]


def test_estimates_come_with_bounds_and_what_their_weights_are_worth() -> None:
    worth = a_worth(9, estimates={"ips": Figure(1.5, -2.0, 5.0, 3.25)})
    told = list(lines(a_report(worth=worth), 20))
    assert "nothing was given to chance" in told[-2]
    assert told[-1].split() == ["ips", "+1.500", "[-2.000,", "+5.000]", "worth", "3.2", "rows"]
