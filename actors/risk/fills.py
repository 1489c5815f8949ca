"""C20: fills that no venue would make by right."""

from actors.execution.exact import plain
from actors.prices import Prices
from actors.valuation import last_middle
from contracts.identity import parse_client_order_id
from contracts.trade import Execution


def is_strange(execution: Execution, account_epoch: int) -> bool:
    """Whether nobody here ordered it: an order that an earlier run of the account left open is no stranger's."""
    if not execution.external:
        return False
    try:
        return parse_client_order_id(execution.client_id).account_epoch >= account_epoch
    except ValueError:
        return True


def insane(execution: Execution, prices: Prices, *, band_ratio_max: float, fee_ratio_max: float) -> list[str]:
    """What is impossible about a fill, each with both numbers.

    A price is held against the last valid mark; before the first one it has no reference and is not judged, because
    the fill has happened and must be booked whatever it says. A fee is judged where it is paid in quote.
    """
    if not (execution.price > 0 and execution.quantity > 0):
        return [_of(execution, f"{plain(execution.quantity)} at {plain(execution.price)}, expected more than 0")]
    instrument = prices.instruments.get(execution.symbol)
    if instrument is None:
        return []
    said = []
    mark = last_middle(prices, instrument)
    away = float(abs(execution.price - mark) / mark) if mark is not None else 0.0
    if not away <= band_ratio_max:
        said.append(_of(execution, f"price {away:.2%} from the mark, at most {band_ratio_max:.2%}"))
    share = float(execution.fee / (execution.price * execution.quantity))
    if execution.fee_asset == instrument.quote and not share <= fee_ratio_max:
        said.append(_of(execution, f"fee {share:.2%} of the notional, at most {fee_ratio_max:.2%}"))
    return said


def _of(execution: Execution, what: str) -> str:
    return f"fill {execution.trade_id} of {execution.symbol}: {what}"
