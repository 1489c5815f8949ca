"""`bot run`: one JSON object or one line for people; what cannot be meant is refused before anything is made."""

import pytest

from tests.kit.command_line import bot

KEYS = {
    "run", "turns", "decisions", "signals", "intents", "refusals", "orders", "fills", "equity_eur", "restarts",
    "journal",
}  # fmt: skip


def virtual(runs, *more, **environment):
    return bot("run", "--for", "2s", "--speed", "max", "--runs", runs, *more, **environment)


def test_a_run_ends_by_itself_and_says_one_json_object(tmp_path) -> None:
    said = virtual(tmp_path, "--json", "--quiet")
    assert said.code == 0
    assert said.json.keys() >= KEYS
    assert (said.json["ending"], said.json["exit_code"]) == ("ran for 2 s", 0)
    assert said.err == ""
    assert (tmp_path / "canary" / said.json["run"] / "journal").is_dir()


def test_without_json_there_is_a_line_for_people_and_talk_on_stderr(tmp_path) -> None:
    said = virtual(tmp_path)
    assert said.code == 0
    assert said.out.startswith("canary-000001: ")
    assert said.out.count("\n") == 1
    assert "on stop: cancel, within 10 s" in said.err
    assert f"bot replay {tmp_path}/canary/canary-000001" in said.err


def test_every_run_is_a_new_one_with_a_higher_epoch(tmp_path) -> None:
    names = [virtual(tmp_path, "--json", "-q").json["run"] for _ in range(2)]
    assert names == ["canary-000001", "canary-000002"]


def test_a_dry_run_decides_everything_and_sends_nothing(tmp_path) -> None:
    said = bot("run", "--for", "8s", "--speed", "max", "--runs", tmp_path, "--dry-run", "-q", "--json").json
    assert said["intents"] > 0
    assert said["fills"] == 0


def test_the_environment_names_the_runs_directory(tmp_path) -> None:
    said = bot("run", "--for", "1s", "--speed", "max", "-q", "--json", BOT__RUNS__DIRECTORY=str(tmp_path / "é x"))
    assert said.json["journal"] == str(tmp_path / "é x" / "canary" / "canary-000001" / "journal")


@pytest.mark.parametrize("duration", ["", "0", "-5s", "nan", "inf", "5 s", "1e9", "99999d", "9" * 400, "١s", "5x"])
def test_a_time_that_cannot_be_meant_is_refused(tmp_path, duration) -> None:
    said = bot("run", f"--for={duration}", "--speed", "max", "--runs", tmp_path)
    assert said.code == 2
    assert f"--for was {duration!r}, expected a time such as 90s" in said.error
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("speed", ["", "0", "-1", "nan", "inf", "1e300", "fast", "MAX"])
def test_a_speed_that_cannot_be_meant_is_refused(tmp_path, speed) -> None:
    said = bot("run", "--for", "1s", f"--speed={speed}", "--runs", tmp_path)
    assert said.code == 2
    assert f"--speed was {speed!r}, expected max or a number above 0" in said.error
    assert not list(tmp_path.iterdir())


def test_full_speed_needs_an_end(tmp_path) -> None:
    said = bot("run", "--speed", "max", "--runs", tmp_path)
    assert (said.code, "needs an end" in said.error) == (2, True)


@pytest.mark.parametrize("option", ["--runs", "--recording"])
def test_an_empty_path_is_refused_and_not_taken_for_this_directory(option) -> None:
    said = bot("run", "--for", "1s", "--speed", "max", option, "")
    assert (said.code, "expected a path" in said.error) == (2, True)


def test_a_runs_directory_that_is_a_file_is_told_with_what_to_do(tmp_path) -> None:
    (tmp_path / "file").write_text("precious")
    said = virtual(tmp_path / "file")
    assert (said.code, "--runs DIR" in said.error) == (4, True)
    assert (tmp_path / "file").read_text() == "precious"


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        (None, 3, "No such file"),
        (b"", 4, "expected zstd or gzip"),
        (b"hello\n", 4, "expected zstd or gzip"),
        (bytes(range(256)), 4, "expected zstd or gzip"),
        (b"\x28\xb5\x2f\xfd" + bytes(100), 10, "rec"),
        (b"\x1f\x8b" + bytes(100), 10, "rec"),
    ],
)
def test_what_is_no_recording_is_told_in_one_line(tmp_path, content, code, told) -> None:
    path = tmp_path / "rec"
    if content is not None:
        path.write_bytes(content)
    said = virtual(tmp_path / "runs", "--recording", path, "--quiet")
    assert said.code == code
    assert told in said.error
    assert str(path) in said.error
    assert not (tmp_path / "runs").exists()


def test_a_directory_is_no_recording(tmp_path) -> None:
    said = virtual(tmp_path / "runs", "--recording", tmp_path, "--quiet")
    assert (said.code, "Is a directory" in said.error) == (3, True)


def test_a_live_profile_that_is_not_armed_makes_nothing(tmp_path) -> None:
    said = bot("run", "--profile", "live", "--runs", tmp_path)
    assert (said.code, "--arm ACCOUNT_NAME" in said.error) == (6, True)
    assert not list(tmp_path.iterdir())


def test_an_agent_that_is_no_agent_makes_nothing(tmp_path) -> None:
    said = virtual(tmp_path, BOT__AGENTS__BREAKOUT__KIND="brakout")
    assert (said.code, "did you mean 'breakout'?" in said.error) == (4, True)
    assert not list(tmp_path.iterdir())
