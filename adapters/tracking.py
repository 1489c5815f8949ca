"""Experiment tracking: fitted models told to an MLflow store, a directory or a server; an extra that nothing needs."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

EXPERIMENT: Final = "keel"


class NotTracked(Exception):
    """MLflow is absent or refused."""


class Tracker:
    """One MLflow experiment under a tracking URI; a path is a store of files."""

    def __init__(self, uri: str, experiment: str = EXPERIMENT) -> None:
        # Without this MLflow refuses directories, which are all that its small distribution can write to.
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        try:
            from mlflow.exceptions import MlflowException
            from mlflow.tracking import MlflowClient
        except ImportError as error:
            raise NotTracked(f"MLflow is not installed: `pip install keel[mlflow]` ({error})") from error
        try:
            self._client: Any = MlflowClient(tracking_uri=uri)
        except (MlflowException, OSError) as error:
            raise NotTracked(_first_line(error)) from error
        self._experiment = experiment

    def record(
        self,
        name: str,
        *,
        parameters: Mapping[str, str],
        metrics: Mapping[str, float],
        curve: Sequence[float],
        tags: Mapping[str, str],
    ) -> str:
        """One finished run with its parameters, figures and loss after each round; returns its id.

        Raises NotTracked where the store refused. Figures that are not finite are left out.
        """
        from mlflow.entities import Metric, Param, RunTag
        from mlflow.exceptions import MlflowException

        try:
            known = self._client.get_experiment_by_name(self._experiment)
            place = known.experiment_id if known else self._client.create_experiment(self._experiment)
            run = self._client.create_run(place, run_name=name[:12], tags={"model": name})
            at_ms = run.info.start_time
            told = [Metric(key, value, at_ms, 0) for key, value in sorted(metrics.items()) if math.isfinite(value)]
            told += [Metric("curve", value, at_ms, step) for step, value in enumerate(curve) if math.isfinite(value)]
            self._client.log_batch(
                run.info.run_id,
                metrics=told,
                params=[Param(key, value) for key, value in sorted(parameters.items())],
                tags=[RunTag(key, value) for key, value in sorted(tags.items())],
            )
            self._client.set_terminated(run.info.run_id)
        except (MlflowException, OSError) as error:
            raise NotTracked(_first_line(error)) from error
        return str(run.info.run_id)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
