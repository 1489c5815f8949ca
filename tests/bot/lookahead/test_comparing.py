"""Two lives up to a cut: the first difference of every column, and nothing of what comes after."""

from bot.lookahead.comparing import faults
from bot.lookahead.lives import Said
from contracts.belief import FeatureFrame, SignalFrame
from contracts.column import floats
from quant.features.engine import REGISTRY

SYMBOLS = ("A", "B")


def a_signal(at_ns, mu, sigma=1.0, agent="own"):
    one = floats([1.0, 1.0])
    return Said(at_ns, agent, SignalFrame(agent, 1, 60.0, floats(mu), floats([sigma] * 2), one, one, "", (at_ns,)))


def found(whole, part, cut_ns=10):
    return faults(whole, part, cut_ns, "ended", SYMBOLS)


def test_equal_lives_have_no_fault_whatever_follows_the_cut() -> None:
    whole = [a_signal(1, [1.0, float("nan")]), a_signal(10, [5.0, 5.0])]
    assert found(whole, [a_signal(1, [1.0, float("nan")]), a_signal(10, [7.0, 7.0])]) == []
    assert found(whole, whole[:1]) == []


def test_a_difference_names_source_column_instrument_stamp_and_size() -> None:
    (fault,) = found(
        [a_signal(1, [1.0, 2.0]), a_signal(2, [1.0, 9.0])], [a_signal(1, [1.0, 2.5]), a_signal(2, [1.0, 1.0])]
    )

    assert (fault.source, fault.column, fault.symbol, fault.off) == ("own", "mu", "B", 0.5)
    assert (fault.known, fault.cut) == ("2", "2.5")
    assert fault.at.startswith("1970-01-01T00:00:00")


def test_a_bit_is_enough_and_so_is_a_sign_of_zero() -> None:
    assert found([a_signal(1, [1.0, 0.0])], [a_signal(1, [1.0 + 2**-52, 0.0])])
    assert found([a_signal(1, [1.0, 0.0], 1.0)], [a_signal(1, [1.0, 0.0], 1.0 + 2**-52)])[0].column == "sigma"


def test_a_feature_is_called_by_its_name() -> None:
    def frame(value):
        values = [[0.0, 0.0] for _ in REGISTRY.names]
        values[3][1] = value
        return Said(1, "feature_engine", FeatureFrame(1, REGISTRY.schema_hash, floats(values), (), ()))

    (fault,) = found([frame(1.0)], [frame(float("nan"))])
    assert (fault.column, fault.symbol, fault.known, fault.cut) == (REGISTRY.names[3], "B", "1", "nan")


def test_what_only_one_life_says_is_told_and_ends_the_comparison() -> None:
    (fault,) = found([a_signal(1, [1.0, 1.0]), a_signal(2, [1.0, 1.0])], [a_signal(2, [3.0, 3.0])])
    assert (fault.column, fault.known, fault.cut) == (
        "presence", "SignalFrame of own at 00:00:00", "SignalFrame of own at 00:00:00",
    )  # fmt: skip
    assert found([], [a_signal(1, [1.0, 1.0])])[0].known == "nothing"
