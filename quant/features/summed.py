"""What reductions of bars come to, from sums that are kept: the same numbers as their definitions, to rounding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from quant.features import cross_section, kernels, reversion, trend, variance, volume
from quant.features.fades import Fade, Fades
from quant.features.registry import Reduce, Reduction
from quant.features.spreads import Spreads
from quant.features.sums import BLOCK, Sums, Term
from quant.rolling import Floats, Ring, ewma_or_present, ewma_weights, offset_or_present
from quant.volatility import DECAY, RETURNS_MIN

Windows = Sequence[Floats]
Told = tuple[Floats, ...]
Spread = tuple[Floats, Floats]


class Terms(NamedTuple):
    """What is to be kept for a reduction."""

    sums: tuple[Term, ...]
    spreads: tuple[Term, ...]
    fades: tuple[Fade, ...]


class Summed(NamedTuple):
    """How a reduction is told: `sums` are the channels it needs, each with how many rows of its window are left out at
    the beginning, `spreads` the columns ("{0}" is the first input), `fades` columns and their decays. `told` is given
    the windows, for where a row is absent, then the sums, the sums of offsets and their squares, and the faded sums.
    """

    told: Callable[..., Told]
    sums: tuple[tuple[str, int], ...] = ()
    spreads: tuple[str, ...] = ()
    fades: tuple[tuple[str, float], ...] = ()

    def terms(self, inputs: tuple[str, ...], rows: int) -> Terms:
        """What is to be kept for it."""
        return Terms(
            tuple((channel.format(*inputs), rows - late) for channel, late in self.sums),
            tuple((column.format(*inputs), rows) for column in self.spreads),
            tuple((column, decay, rows) for column, decay in self.fades),
        )


def _as_they_are(windows: Windows, *sums: Floats) -> Told:
    return sums


def _mean(windows: Windows, total: Floats) -> Told:
    return (total / windows[0].shape[-1],)


def _spread(windows: Windows, of: Spread) -> Told:
    n = windows[0].shape[-1]
    mean = of[0] / n
    return mean, of[1] / n - mean * mean, windows[0][:, -1]


def _sizes(windows: Windows, of: Spread) -> Told:
    mean, spread, _ = _spread(windows, of)
    return volume.sizes_or_present(windows[0], mean, spread)


def _line(windows: Windows, of: Spread) -> Told:
    return trend.line_of(windows[0] - windows[0][:, -1:], *of)


def _ar1(windows: Windows, squares: Floats, of: Spread) -> Told:
    """x_t x_t-1 is half of what x_t^2 + x_t-1^2 is beyond (x_t - x_t-1)^2, and the last x is 0."""
    c, (total, square) = windows[0], of
    first = c[:, 0] - c[:, -1]
    return reversion.ar1_of(c, total, square, square - 0.5 * (first * first + squares))


def _jumps(windows: Windows, square: Floats, product: Floats) -> Told:
    n = windows[0].shape[-1]
    return square / n, product / (n - 1)


def _overlapping(step: int) -> Summed:
    def told(windows: Windows, square: Floats, total: Floats, square_long: Floats) -> Told:
        n = windows[0].shape[-1] - 1
        count = n + 1 - step
        return reversion.drift(windows[0]), square / n, total / count, square_long / count

    return Summed(told, (("r^2", 1), (f"r_{step}", step), (f"r_{step}^2", step)))


def _beside_usual(windows: Windows, total: Floats) -> Told:
    x, usual = windows
    return kernels.mean_or_present(x, total / x.shape[-1]), usual[:, -1]


def _faded(decay: float, present_min: int) -> Callable[..., Told]:
    return lambda windows, total: (ewma_or_present(windows[0], decay, present_min, total),)


def _faded_offsets(decays: tuple[float, ...], present_min: int) -> Callable[..., Told]:
    def told(windows: Windows, *totals: Floats) -> Told:
        c = windows[0]
        means = [total / ewma_weights(c.shape[-1], decay).sum() for total, decay in zip(totals, decays, strict=True)]
        return tuple(
            offset_or_present(c, decay, present_min, mean - c[:, -1]) for mean, decay in zip(means, decays, strict=True)
        )

    return told


SUMMED: Final[Mapping[Reduce, Summed]] = {
    kernels.mean: Summed(_mean, (("{0}", 0),)),
    kernels.mean_square: Summed(_mean, (("{0}^2", 0),)),
    kernels.spread: Summed(_spread, (), ("{0}",)),
    trend.paths: Summed(_as_they_are, (("r", 0), ("|r|", 0))),
    trend.line: Summed(_line, (), ("c",)),
    reversion.paid: Summed(lambda windows, *sums: reversion.paid_or_present(*windows, *sums), (("pv", 0), ("v", 0))),
    reversion.ar1: Summed(_ar1, (("r^2", 1),), ("c",)),
    reversion.neighbours: Summed(
        lambda windows, *sums: reversion.neighbours_of(*windows, *sums), (("r", 0), ("r^2", 0), ("r r'", 1))
    ),
    reversion.of_five: _overlapping(5),
    reversion.of_twenty: _overlapping(20),
    variance.jumps: Summed(_jumps, (("r^2", 0), ("|r r'|", 1))),
    variance.falls: Summed(_as_they_are, (("r-^2", 0), ("r^2", 0))),
    variance.variance_present: Summed(
        lambda windows, *sums: variance.variance_or_present(*windows, *sums), (("{0}", 0), ("{0}^2", 0))
    ),
    variance.central: Summed(
        lambda windows, *sums: variance.central_of(*windows, *sums), (("r", 0), ("r^2", 0), ("r^3", 0), ("r^4", 0))
    ),
    volume.beside_usual: Summed(_beside_usual, (("{0}", 0),)),
    volume.sizes: Summed(_sizes, (), ("{0}",)),
    volume.balances: Summed(lambda windows, total: (volume.balance_of(*windows), total), (("|{0}|", 0),)),
    volume.flows: Summed(_as_they_are, (("|{0}|", 0), ("{0}+", 0))),
    trend.variance_97: Summed(_faded(DECAY, RETURNS_MIN), fades=(("r2", DECAY),)),
    variance.variance_94: Summed(_faded(variance.SHORT_DECAY, RETURNS_MIN), fades=(("r2", variance.SHORT_DECAY),)),
    trend.emas: Summed(
        _faded_offsets((trend.FAST_KEPT, trend.SLOW_KEPT), trend.EMA_PRESENT_MIN),
        fades=(("c", trend.FAST_KEPT), ("c", trend.SLOW_KEPT)),
    ),
    reversion.ou_mean: Summed(
        _faded_offsets((reversion.OU_KEPT,), reversion.OU_PRESENT_MIN), fades=(("c", reversion.OU_KEPT),)
    ),
    cross_section.totals: Summed(_as_they_are, (("r", 0), ("m", 0))),
}


class KeptSums:
    """The `reductions` that can be told from sums of the columns of `rings`; `others` are those that cannot."""

    def __init__(self, rings: Mapping[str, Ring], reductions: Iterable[Reduction]) -> None:
        self.others: list[Reduction] = []
        self._summed: dict[Reduction, tuple[Callable[..., Told], Terms]] = {}
        for reduction in reductions:
            reduce, inputs, rows = reduction
            how = SUMMED.get(reduce)
            if how is None or rows - max([late for _, late in how.sums], default=0) < BLOCK:
                self.others.append(reduction)
            else:
                self._summed[reduction] = how.told, how.terms(inputs, rows)
        wanted = [terms for _, terms in self._summed.values()]
        self._sums = Sums(rings, (term for terms in wanted for term in terms.sums))
        self._spreads = Spreads(rings, (term for terms in wanted for term in terms.spreads))
        self._fades = Fades(rings, (term for terms in wanted for term in terms.fades))
        self._said: tuple[dict[Term, Floats], dict[Term, Spread], dict[Fade, Floats]] | None = None

    def push(self, row: Mapping[str, Floats]) -> None:
        """The row, columns (width,), that came into every ring."""
        for kept in (self._sums, self._spreads, self._fades):
            kept.push(row)
        self._said = None

    def rebuild(self, pushed: int) -> None:
        """Become what has seen `pushed` rows that end as the rings do now."""
        for kept in (self._sums, self._spreads, self._fades):
            kept.rebuild(pushed)
        self._said = None

    def told(self, reduction: Reduction, windows: Windows) -> Told:
        """What the reduction says of its windows, which are looked at where sums do not tell."""
        summed = self._summed.get(reduction)
        if summed is None:
            return reduction[0](*windows)
        if self._said is None:
            self._said = self._sums.answer(), self._spreads.answer(), self._fades.answer()
        (sums, spreads, fades), (tell, terms) = self._said, summed
        said = [sums[term] for term in terms.sums]
        faded = [fades[term] for term in terms.fades]
        return tell(windows, *said, *[spreads[term] for term in terms.spreads], *faded)
