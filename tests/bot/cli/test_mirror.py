"""`bot mirror` as a user meets it: what is missing is one line, and what to do about it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.kafka.state import MirrorState
from bot.cli.mirror import figures
from bot.profile import load, store
from tests.bot.mirror.test_places import KAFKA
from tests.bot.mirror.test_running import a_run
from tests.kit.command_line import REPOSITORY, bot


def test_a_run_without_kafka_says_how_to_name_one(tmp_path: Path) -> None:
    run = a_run(tmp_path / "canary" / "canary-000001")
    store(load("canary", {}), run)

    said = bot("mirror", run)

    assert said.code == 4
    assert "--profile" in said.err


def test_brokers_that_are_away_are_exit_code_75(tmp_path: Path) -> None:
    run = a_run(tmp_path / "canary" / "canary-000001")
    away = {"BOT__KAFKA__BROKERS": '["127.0.0.1:1"]', "BOT__KAFKA__SEND_TIMEOUT_S": "0.2"}
    quick = KAFKA | away | {"BOT__KAFKA__REQUEST_TIMEOUT_S": "0.2"}

    said = bot("mirror", run, "--profile", "canary", **quick)

    assert said.code == 75
    assert "Kafka at 127.0.0.1:1 took nothing" in said.err


def test_a_state_has_its_lag_for_programs() -> None:
    told = figures(MirrorState(run="a/a-000001", env="t", acked_seq=7, acked_ns=1, journal_seq=9, journal_ns=1))

    assert (told["acked_seq"], told["lag_records"], told["lag_s"]) == (7, 2, 0.0)


@pytest.mark.numbers
def test_without_the_extra_it_is_one_line_that_says_how_to_have_it(tmp_path: Path) -> None:
    run = a_run(tmp_path / "canary" / "canary-000001")
    blocked = "import sys; sys.modules['aiokafka'] = None; from bot.__main__ import main; main()"

    done = subprocess.run(
        [sys.executable, "-c", blocked, "mirror", str(run), "--profile", "canary"],
        cwd=REPOSITORY, env=os.environ | KAFKA, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert done.returncode == 4
    assert "pip install 'keel[kafka]'" in done.stderr
