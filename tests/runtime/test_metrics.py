import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from runtime.metrics import LABEL_LENGTH_MAX, MACHINE_METRICS, OTHER, Histogram, Labelled, Metric, Metrics

BUILD = {"version": "0.1.0", "python": "3.11"}
ROWS = (
    Metric(name="bot_equity_eur", kind="gauge", help="What the account is worth"),
    Metric(name="bot_refusals_total", kind="counter", label="rule", help="Refusals by rule", labels_max=4),
    Metric(name="bot_reply_seconds", kind="histogram", help="Time to the reply", buckets=(0.1, 1.0)),
)


def scraped(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample, read back by the parser of Prometheus's own client."""
    families = text_string_to_metric_families(metrics.exposition().decode())
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def test_what_the_loop_wrote_is_what_a_scrape_reads():
    metrics = Metrics((*MACHINE_METRICS, *ROWS), BUILD)
    metrics.single("bot_equity_eur").value = 499.5
    metrics.single("bot_turns_total").value += 3
    metrics.labelled("bot_refusals_total").add("cvar")
    metrics.labelled("bot_refusals_total").add("cvar", 2)
    metrics.labelled("bot_mailbox_depth").set("orders", 7)
    for seconds in (0.1, 0.5, 3.0):
        metrics.histogram("bot_reply_seconds").observe(seconds)
    found = scraped(metrics)
    assert found["bot_equity_eur", ()] == 499.5
    assert found["bot_turns_total", ()] == 3
    assert found["bot_refusals_total", (("rule", "cvar"),)] == 3
    assert found["bot_mailbox_depth", (("gateway", "orders"),)] == 7
    assert [found["bot_reply_seconds_bucket", (("le", le),)] for le in ("0.1", "1.0", "+Inf")] == [1, 2, 3]
    assert (found["bot_reply_seconds_count", ()], found["bot_reply_seconds_sum", ()]) == (3, 3.6)
    assert found["bot_build_info", (("python", "3.11"), ("version", "0.1.0"))] == 1


def test_every_row_of_the_table_has_its_help_and_type_in_the_text():
    text = Metrics((*MACHINE_METRICS, *ROWS), BUILD).exposition().decode()
    for metric in (*MACHINE_METRICS, *ROWS):
        assert f"# HELP {metric.name} {metric.help}\n# TYPE {metric.name} {metric.kind}\n" in text


def test_the_process_itself_is_measured_too():
    assert ("process_resident_memory_bytes", ()) in scraped(Metrics(ROWS, BUILD))


def test_two_sets_of_figures_in_one_process_do_not_meet():
    one, other = Metrics(ROWS, BUILD), Metrics(ROWS, BUILD)
    one.single("bot_equity_eur").value = 1
    assert scraped(other)["bot_equity_eur", ()] == 0


def test_hostile_label_values_make_a_bounded_number_of_series_and_lose_no_count():
    metrics = Metrics((*MACHINE_METRICS, *ROWS), BUILD)
    refusals = metrics.labelled("bot_refusals_total")
    for number in range(100_000):
        refusals.add(f'x"\n\\{number}')
    found = {labels: value for (name, labels), value in scraped(metrics).items() if name == "bot_refusals_total"}
    assert len(found) == 5
    assert sum(found.values()) == 100_000
    assert scraped(metrics)["bot_labels_refused_total", (("metric", "bot_refusals_total"),)] == 99_996


@given(st.lists(st.text(max_size=2 * LABEL_LENGTH_MAX)), st.integers(1, 5))
def test_whatever_the_labels_the_sum_is_the_number_of_additions(labels, labels_max):
    counted = Labelled(labels_max)
    for label in labels:
        counted.add(label)
    assert sum(counted.values.values()) == len(labels)
    assert len(counted.values) <= labels_max + 1
    assert all(len(label) <= LABEL_LENGTH_MAX for label in counted.values)


def test_a_label_that_was_let_in_goes_on_when_the_rest_is_full():
    depth = Labelled(1)
    depth.set("orders", 1)
    depth.set("feed", 5)
    depth.set("orders", 2)
    assert depth.values == {"orders": 2, OTHER: 5}


@given(st.lists(st.floats(-10, 10)))
def test_a_bucket_holds_what_is_at_most_its_bound(values):
    histogram = Histogram((0.0, 1.0))
    for value in values:
        histogram.observe(value)
    assert list(itertools.accumulate(histogram.counts)) == [
        sum(value <= bound for value in values) for bound in (0.0, 1.0, float("inf"))
    ]


class GrowsWhileRead(dict[str, float]):
    """What a dictionary looks like to one thread while another adds to it."""

    def items(self):
        for item in super().items():
            self[f"new {len(self)}"] = 1
            yield item


def test_a_scrape_may_run_while_the_loop_goes_on_adding_labels():
    metrics = Metrics(ROWS, BUILD)
    metrics.labelled("bot_refusals_total").values = GrowsWhileRead(cvar=2)
    assert scraped(metrics)["bot_refusals_total", (("rule", "cvar"),)] == 2


def test_a_table_against_the_conventions_is_refused_with_all_problems():
    table = (
        Metric(name="turns_total", kind="counter", help="x"),
        Metric(name="bot_age", kind="gauge", help="x"),
        Metric(name="bot_age", kind="gauge", help="x"),
        Metric(name="bot_sent", kind="counter", help="x"),
        Metric(name="bot_depth_total", kind="gauge", help="x"),
        Metric(name="bot_reply_seconds", kind="histogram", help="x", label="venue"),
    )
    with pytest.raises(ValueError, match="bot_age is declared twice") as refused:
        Metrics(table, BUILD)
    problems = str(refused.value).split("; ")
    assert [problem.split()[0] for problem in problems] == [
        "bot_age", "turns_total", "bot_sent", "bot_depth_total", "bot_reply_seconds"
    ]  # fmt: skip


def test_a_figure_that_is_not_in_the_table_is_named():
    with pytest.raises(KeyError, match="bot_nothing"):
        Metrics(ROWS, BUILD).single("bot_nothing")
