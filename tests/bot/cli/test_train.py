import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from bot.models.dataset import framed, heading, write_examples
from tests.bot.models.test_dataset import messages
from tests.kit.command_line import REPOSITORY, bot
from tests.kit.learning import NAMES, some_examples

QUICKLY = ("--rounds", "6", "--patience", "3", "--no-free")


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    path = tmp_path_factory.mktemp("examples") / "some.npz"
    write_examples(path, some_examples(instants=1100, width=10))
    return path


@pytest.mark.numbers
def test_a_model_is_fitted_probed_and_judged(tmp_path, examples):
    said = bot("train", "--examples", examples, "--models", tmp_path, *QUICKLY, "--json")
    listed = bot("models", "list", "--models", tmp_path, "--json").json

    assert said.code == 0
    assert said.json["judgement"]["labels"] == 2200
    assert said.json["judgement"]["t"] < -1.65
    assert [row["model"] for row in listed["models"]] == [said.json["model"]]
    assert listed["champion"] == (said.json["model"] if said.json["promoted"] else "")
    assert said.err == ""


@pytest.mark.numbers
def test_people_are_told_what_it_is_worth(tmp_path, examples):
    said = bot("train", "--examples", examples, "--models", tmp_path, *QUICKLY, "--no-promote")

    assert said.code == 0
    assert "against its base: t -" in said.out
    assert "is not promoted: " in said.out


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        ((), 2, "give either --examples FILE or --prices FILE"),
        (("--examples", "a.npz", "--prices", "b.csv"), 2, "give either"),
        (("--prices", "b.csv"), 2, "--prices needs --horizon"),
        (("--examples", "a.npz", "--bar", "1h"), 2, "go with --prices"),
        (("--examples", "absent.npz"), 3, "absent.npz: no such file of examples"),
        (("--prices", "absent.csv", "--horizon", "4h"), 3, "absent.csv"),
    ],
)
def test_what_cannot_be_trained_from_is_one_line(tmp_path, arguments, code, complaint):
    said = bot("train", *arguments, "--models", tmp_path)

    assert said.code == code
    assert complaint in said.error


@pytest.mark.parametrize("place", ["file", "file/models", "/proc/models"])
def test_a_store_that_takes_nothing_is_said_before_the_work(tmp_path, place):
    (tmp_path / "file").touch()
    said = bot("train", "--examples", tmp_path / "nowhere.npz", "--models", tmp_path / place)

    assert said.code == 4
    assert "cannot be used as a directory" in said.error


def test_a_directory_is_no_file_of_examples_nor_of_prices(tmp_path):
    said = bot("train", "--examples", tmp_path, "--models", tmp_path)

    assert said.code == 4
    assert "is a directory, expected a file of examples" in said.error
    assert bot("train", "--prices", tmp_path, "--horizon", "4h", "--models", tmp_path).code == 4


def test_too_few_examples_are_bad_configuration(tmp_path):
    write_examples(tmp_path / "few.npz", some_examples(instants=8))

    said = bot("train", "--examples", tmp_path / "few.npz", "--models", tmp_path / "models")
    assert (said.code, "expected 50 each" in said.error) == (4, True)


def test_a_stream_that_was_cut_is_damage(tmp_path):
    (tmp_path / "a.examples").write_bytes(heading(NAMES) + framed(messages()[0])[:-1])

    assert bot("train", "--examples", tmp_path / "a.examples", "--models", tmp_path / "models").code == 10


@pytest.mark.numbers
@pytest.mark.filterwarnings("ignore")
def test_a_model_is_tracked_where_asked(tmp_path, examples):
    pytest.importorskip("mlflow")
    track = ("--track", (tmp_path / "runs").as_uri())
    said = bot("train", "--examples", examples, "--models", tmp_path / "m", *QUICKLY, *track, "--json")

    assert said.code == 0
    assert "tracked as MLflow run" in said.err
    assert said.json["model"]


@pytest.mark.numbers
@pytest.mark.parametrize("after_s", [1.5, 3.0])
def test_killed_at_any_time_and_run_again_it_publishes_the_same_bytes(tmp_path, examples, after_s):
    def command(place: str) -> list[str]:
        fit = ("--examples", str(examples), "--rounds", "40", "--patience", "10", "--no-free", "--json")
        return [sys.executable, "-m", "bot", "train", *fit, "--models", str(tmp_path / place)]

    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    whole = subprocess.run(command("a"), cwd=REPOSITORY, env=environment, capture_output=True, check=True, timeout=200)
    for _ in range(2):
        with subprocess.Popen(
            command("b"), cwd=REPOSITORY, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            time.sleep(after_s)
            process.send_signal(signal.SIGKILL)
    again = subprocess.run(command("b"), cwd=REPOSITORY, env=environment, capture_output=True, check=True, timeout=200)
    model = json.loads(whole.stdout)["model"]

    assert json.loads(again.stdout)["model"] == model
    for path in (tmp_path / "a" / model).iterdir():
        assert (tmp_path / "b" / model / path.name).read_bytes() == path.read_bytes()


@pytest.mark.numbers
def test_a_price_history_becomes_a_model(tmp_path):
    chance = np.random.default_rng(1)
    closes = np.exp(np.cumsum(0.01 * chance.standard_t(5, (1500, 3)), axis=0)) * 100
    lines = ["date,A,B,C"]
    first = np.datetime64("2015-01-01")
    lines += [f"{first + day}," + ",".join(f"{each:.6f}" for each in row) for day, row in enumerate(closes)]
    (tmp_path / "prices.csv").write_text("\n".join(lines) + "\n")
    said = bot(
        "train", "--prices", tmp_path / "prices.csv", "--horizon", "5d", "--models", tmp_path / "m", *QUICKLY, "--json"
    )

    assert said.code == 0, said.err
    assert said.json["trained_rows"] > 1000
    assert said.json["parameters"]["embargo_ns"] == str(5 * 86_400 * 10**9)
