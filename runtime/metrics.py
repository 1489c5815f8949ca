"""Figures for Prometheus that cost the loop an addition: plain numbers, turned into text only when scraped.

The loop writes attributes and dictionaries; the collector reads copies of them on the scraper's thread. The registry
is our own, so nothing that a library registers globally gets out, and label values are bounded.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal

import msgspec
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
OTHER: Final = "other"
LABEL_LENGTH_MAX: Final = 64

LATENCY_S: Final = (1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table: what is exported, and how many values its label may take before the rest is `other`."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    label: str = ""
    labels_max: int = 64
    buckets: tuple[float, ...] = LATENCY_S


MACHINE_METRICS: Final[tuple[Metric, ...]] = (
    Metric(name="bot_turns_total", kind="counter", help="Turns of the bus: outside messages run to their end"),
    Metric(name="bot_actor_failures_total", kind="counter", label="actor", help="Crashes of actors and gateways"),
    Metric(name="bot_actor_restarts_total", kind="counter", label="actor", help="Actors and gateways built again"),
    Metric(name="bot_mailbox_depth", kind="gauge", label="gateway", help="Messages waiting for a gateway"),
    Metric(name="bot_mailbox_shed_total", kind="counter", label="gateway", help="Messages a slow gateway lost"),
    Metric(name="bot_loop_lag_seconds", kind="gauge", help="How late the event loop was at the last look"),
    Metric(name="bot_loop_stalls_total", kind="counter", help="Times the loop was late enough to close order entry"),
    Metric(name="bot_clock_skew_seconds", kind="gauge", help="Last step of the wall clock, forward is positive"),
    Metric(name="bot_journal_seq", kind="gauge", help="Sequence number of the last message recorded"),
    Metric(name="bot_journal_durable_seq", kind="gauge", help="Sequence number up to which the record is on disk"),
    Metric(name="bot_labels_refused_total", kind="counter", label="metric", help="Label values counted as `other`"),
)
"""What the machine itself tells; the system adds its own rows."""


class Single:
    """A counter or gauge without a label: `single.value += 1`."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: float = 0


class Labelled:
    """A counter or gauge by one label of at most `labels_max` values; what comes after those is `other`."""

    __slots__ = ("_labels_max", "refused", "values")

    def __init__(self, labels_max: int) -> None:
        self.values: dict[str, float] = {}
        self.refused = 0
        self._labels_max = labels_max

    def add(self, label: str, amount: float = 1) -> None:
        """Count on."""
        values = self.values
        if label in values:
            values[label] += amount
        else:
            label = self._admitted(label)
            values[label] = values.get(label, 0) + amount

    def set(self, label: str, value: float) -> None:
        """Say the present value."""
        self.values[label if label in self.values else self._admitted(label)] = value

    def _admitted(self, label: str) -> str:
        if len(self.values) < self._labels_max and len(label) <= LABEL_LENGTH_MAX:
            return label
        self.refused += 1
        return OTHER


class Histogram:
    """Counts of observations by bucket; a bucket holds what is at most its bound, the last one all the rest."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Note one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Metrics(Collector):
    """All figures of one process. Whoever updates one asks for its holder once and keeps it.

    Raises ValueError for a table that names something twice or against the conventions, KeyError with the name for a
    holder that is not in the table or of another shape.
    """

    def __init__(self, table: Iterable[Metric], build: Mapping[str, str]) -> None:
        self.table = tuple(table)
        _check(self.table)
        self._build = dict(build)
        self._singles = {m.name: Single() for m in self.table if m.kind != "histogram" and not m.label}
        self._labelled = {m.name: Labelled(m.labels_max) for m in self.table if m.kind != "histogram" and m.label}
        self._histograms = {m.name: Histogram(m.buckets) for m in self.table if m.kind == "histogram"}
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def single(self, name: str) -> Single:
        """Return the holder of a figure without a label."""
        return self._singles[name]

    def labelled(self, name: str) -> Labelled:
        """Return the holder of a figure with a label."""
        return self._labelled[name]

    def histogram(self, name: str) -> Histogram:
        """Return the holder of a histogram."""
        return self._histograms[name]

    def exposition(self) -> bytes:
        """Everything as text of Prometheus; for any thread but the loop's, as it takes milliseconds."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Family]:
        """All families as they stand now."""
        info = GaugeMetricFamily("bot_build_info", "What is running; always 1", labels=tuple(self._build))
        info.add_metric(tuple(self._build.values()), 1)
        yield info
        refused = {name: holder.refused for name, holder in self._labelled.items() if holder.refused}
        for metric in self.table:
            if metric.kind == "histogram":
                yield _histogram_family(metric, self._histograms[metric.name])
            elif metric.name == "bot_labels_refused_total":
                yield _family(metric, refused)
            elif metric.label:
                # One copy in C: the loop goes on adding labels meanwhile.
                yield _family(metric, self._labelled[metric.name].values.copy())
            else:
                yield _family(metric, {"": self._singles[metric.name].value})


def _family(metric: Metric, values: Mapping[str, float]) -> Family:
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(metric.name, metric.help, labels=(metric.label,) if metric.label else ())
    for label, value in values.items():
        family.add_metric((label,) if metric.label else (), value)
    return family


def _histogram_family(metric: Metric, histogram: Histogram) -> Family:
    family = HistogramMetricFamily(metric.name, metric.help)
    counts, seen, buckets = tuple(histogram.counts), 0, []
    for bound, count in zip((*(str(b) for b in histogram.bounds), "+Inf"), counts, strict=True):
        seen += count
        buckets.append((bound, seen))
    family.add_metric((), buckets, histogram.total)
    return family


def _check(table: Sequence[Metric]) -> None:
    names = [metric.name for metric in table]
    problems = [f"{name} is declared twice" for name in dict.fromkeys(names) if names.count(name) > 1]
    for metric in table:
        if not metric.name.startswith("bot_"):
            problems.append(f"{metric.name} does not begin with bot_")
        if metric.name.endswith("_total") != (metric.kind == "counter"):
            problems.append(f"{metric.name} is a {metric.kind}: _total is for counters, and for all of them")
        if metric.kind == "histogram" and metric.label:
            problems.append(f"{metric.name} is a histogram with a label")
    if problems:
        raise ValueError("; ".join(problems))
