import sys

import pytest

from adapters.tracking import NotTracked, Tracker


def test_without_mlflow_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)

    with pytest.raises(NotTracked, match=r"pip install keel\[mlflow\]"):
        Tracker("anywhere")


@pytest.mark.numbers
@pytest.mark.filterwarnings("ignore")
def test_a_model_is_told_to_a_real_store_of_files(tmp_path):
    tracking = pytest.importorskip("mlflow.tracking")
    uri = tmp_path.as_uri()
    for name in ("ab" * 32, "cd" * 32):
        run = Tracker(uri).record(
            name,
            parameters={"num_leaves": "15"},
            metrics={"skill": 0.01, "dm_t": float("nan")},
            curve=(0.3, 0.2, 0.25),
            tags={"champion": "true"},
        )
    client = tracking.MlflowClient(tracking_uri=uri)
    found = client.get_run(run)

    assert found.data.params == {"num_leaves": "15"}
    assert found.data.metrics["skill"] == 0.01
    assert "dm_t" not in found.data.metrics
    assert [each.value for each in client.get_metric_history(run, "curve")] == [0.3, 0.2, 0.25]
    assert (found.data.tags["model"], found.data.tags["champion"]) == ("cd" * 32, "true")
    assert found.info.status == "FINISHED"
    assert len(client.search_runs([found.info.experiment_id])) == 2


@pytest.mark.numbers
@pytest.mark.filterwarnings("ignore")
def test_a_store_that_refuses_is_told(tmp_path):
    pytest.importorskip("mlflow.tracking")
    (tmp_path / "file").write_text("")

    with pytest.raises(NotTracked):
        Tracker((tmp_path / "file").as_uri()).record("x", parameters={}, metrics={}, curve=(), tags={})
