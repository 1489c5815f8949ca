"""The board and the alerts speak of figures that the code really exports, by labels that it really gives."""

import json
import re
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.features.measuring import STORE_METRICS
from bot.measures import BOT_METRICS
from bot.mirror.measuring import MIRROR_METRICS
from bot.remote_agents.figures import REMOTE_METRICS
from runtime.metrics import MACHINE_METRICS, Metric
from tests.architecture.source import REPOSITORY

OF_THE_DAEMON = (*MACHINE_METRICS, *BOT_METRICS, *STORE_METRICS, *REMOTE_METRICS, *MIRROR_METRICS)
EXPORTED: dict[str, Metric] = {metric.name: metric for metric in OF_THE_DAEMON}
OF_PROMETHEUS = {"up": {"job"}}
GRAFANA = REPOSITORY / "deploy/grafana"

BOARD: dict[str, Any] = json.loads((GRAFANA / "boards/keel.json").read_text("utf-8"))
ALERTS = [
    rule
    for group in YAML(typ="safe").load(REPOSITORY / "deploy/prometheus/alerts.yml")["groups"]
    for rule in group["rules"]
]
EXPRESSIONS = [target["expr"] for panel in BOARD["panels"] for target in panel["targets"]]


def metric_of(name: str) -> Metric | None:
    """What is exported under a name; a histogram is under three."""
    return EXPORTED.get(name) or EXPORTED.get(re.sub(r"_(bucket|sum|count)$", "", name))


def strange_words(expression: str, legend: str = "") -> list[str]:
    """Figures and labels of an expression that nobody exports."""
    names = re.findall(r"\b(?:bot_\w+|up\b)", expression)
    labels = {label for name in names if name in OF_PROMETHEUS for label in OF_PROMETHEUS[name]}
    unknown = [name for name in names if name not in OF_PROMETHEUS and metric_of(name) is None]
    for name in names:
        metric = metric_of(name)
        if metric is not None and metric.label:
            labels.add(metric.label)
    used = re.findall(r"\bby \((\w+)\)", expression) + re.findall(r"[{,]\s*(\w+)\s*[=!]", expression)
    used += re.findall(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}", legend)
    return unknown + [label for label in used if label not in labels | {"le"}] + ([] if names else [expression])


@pytest.mark.parametrize("panel", BOARD["panels"], ids=lambda panel: f"{panel['id']} {panel['title']}")
def test_a_panel_shows_what_is_exported(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        assert strange_words(target["expr"], target["legendFormat"]) == []


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_watches_what_is_exported(rule: dict[str, Any]) -> None:
    assert strange_words(rule["expr"], rule["annotations"]["summary"]) == []


@pytest.mark.parametrize(
    ("expression", "legend"),
    [
        ("bot_equity_usd", ""),
        ("sum by (venue) (rate(bot_refusals_total[5m]))", ""),
        ("bot_equity_eur", "{{agent}}"),
        ('bot_orders_total{status="OPEN"}', ""),
        ("vector(1)", ""),
    ],
)
def test_a_figure_or_label_that_is_not_exported_is_found(expression: str, legend: str) -> None:
    assert strange_words(expression, legend) != []


def test_counters_are_shown_as_growth_and_gauges_as_they_are() -> None:
    for expression in (*EXPRESSIONS, *(rule["expr"] for rule in ALERTS)):
        for name in re.findall(r"\bbot_\w+", expression):
            metric = metric_of(name)
            grows = re.search(rf"(rate|increase)\({name}\b", expression) is not None
            assert metric is not None and grows == (metric.kind != "gauge"), expression


def test_panels_lie_beside_each_other_and_ask_the_one_source() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
        assert panel["datasource"]["uid"] == "prometheus"
    (source,) = YAML(typ="safe").load(GRAFANA / "provisioning/datasources/prometheus.yaml")["datasources"]
    assert source["uid"] == "prometheus"
