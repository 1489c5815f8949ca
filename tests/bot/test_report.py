"""The report: counts what was said, keeps where the account stands, remembers no order that is over."""

import numpy as np

from bot.report import COUNTED, Report
from contracts.account import Equity
from contracts.belief import SignalFrame
from contracts.decision import Refusal
from contracts.topics import DECISIVE
from contracts.trade import OrderState
from runtime.replay import DecisionHash
from tests.kit.market import an_envelope
from tests.kit.orders import a_snapshot


def heard(run) -> Report:
    report = Report()
    for envelope in run.envelopes:
        if type(envelope.payload) in Report.kinds:
            report(envelope)
    return report


def test_every_count_is_the_number_of_messages_of_that_kind(simulated) -> None:
    counts = heard(simulated).as_json()
    for kind, name in COUNTED.items():
        assert counts[name] == len(simulated.of(kind)), name
    finite = sum(int(np.isfinite(each.payload.mu.values).sum()) for each in simulated.of(SignalFrame))
    assert counts["signals"] == finite > 0


def test_refusals_are_counted_by_every_control_they_name(simulated) -> None:
    by_control = heard(simulated).as_json()["refusals_by_control"]
    assert sum(by_control.values()) == sum(len(each.payload.reasons) for each in simulated.of(Refusal))


def test_the_account_stands_where_the_last_message_says(simulated) -> None:
    said = heard(simulated).as_json()
    last = simulated.of(Equity)[-1].payload
    assert (said["equity_eur"], said["currency"]) == (str(last.equity), "EUR")


def test_only_orders_that_are_alive_are_kept(simulated) -> None:
    report = heard(simulated)
    last = {each.payload.client_id: each.payload for each in simulated.of(OrderState)}
    assert report.orders == {client_id: state for client_id, state in last.items() if state.open > 0}
    assert len(last) > len(report.orders)


def test_the_decision_hash_is_of_the_decisive_messages_in_order(simulated) -> None:
    expected = DecisionHash()
    for envelope in simulated.envelopes:
        if isinstance(envelope.payload, DECISIVE):
            expected.add(envelope.payload)
    assert heard(simulated).as_json()["decision_hash"] == expected.hexdigest()


def test_before_anything_is_said_nothing_is_claimed() -> None:
    said = Report().as_json()
    assert said["equity_eur"] is None and said["state"] is None and said["decisions"] == 0
    assert Report().is_flat()


def test_what_was_held_before_this_process_is_not_flat() -> None:
    report = Report()
    report(an_envelope(a_snapshot(BTC_EUR="0.5")))
    assert not report.is_flat()
    report(an_envelope(a_snapshot()))
    assert report.is_flat()
