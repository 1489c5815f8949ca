"""What a mirror remembers lies beside its run, one mirror at a time."""

from pathlib import Path

import pytest

from bot.configuration import BadConfiguration
from bot.mirror.places import VARIABLES, Lock, MirrorBusy, name_of, places_of, settings_of, state_file
from bot.profile import load, store

KAFKA = {
    "BOT__KAFKA__BROKERS": '["127.0.0.1:9092"]', "BOT__KAFKA__ENV": "test", "BOT__KAFKA__SECURITY": "plaintext",
}  # fmt: skip


def test_files_are_told_apart_by_environment(tmp_path: Path) -> None:
    one, other = places_of(tmp_path, "one"), places_of(tmp_path, "other")

    assert not set(one) & set(other)
    assert {path.parent for path in (*one, *other)} == {tmp_path / "mirror"}
    assert state_file(tmp_path, "one") == one.state
    assert (tmp_path / "mirror").stat().st_mode & 0o777 == 0o700


def test_a_run_is_called_by_account_and_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tmp_path / "canary" / "canary-000001"
    run.mkdir(parents=True)
    monkeypatch.chdir(run)

    assert name_of(run) == name_of(Path()) == "canary/canary-000001"


def test_no_two_mirrors_advance_one_cursor(tmp_path: Path) -> None:
    first = Lock(tmp_path / "lock")
    with pytest.raises(MirrorBusy, match="another process"):
        Lock(tmp_path / "lock")

    first.close()
    Lock(tmp_path / "lock").close()


def test_settings_come_from_the_run_unless_a_profile_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store(load("canary", KAFKA), tmp_path)
    assert settings_of(tmp_path, "").env == "test"

    for name, value in {**KAFKA, "BOT__KAFKA__ENV": "other"}.items():
        monkeypatch.setenv(name, value)
    assert settings_of(tmp_path, "canary").env == "other"


def test_without_a_section_it_is_said_how_to_name_one(tmp_path: Path) -> None:
    store(load("canary", {}), tmp_path)

    with pytest.raises(BadConfiguration, match="--profile"):
        settings_of(tmp_path, "")


def test_what_is_said_of_a_missing_section_helps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store(load("canary", {}), tmp_path)
    with pytest.raises(BadConfiguration, match=VARIABLES):
        settings_of(tmp_path, "canary")
    for name in (*VARIABLES.split(" and "), "BOT__KAFKA__SECURITY"):
        monkeypatch.setenv(name, KAFKA[name])
    assert settings_of(tmp_path, "canary").env == "test"
    with pytest.raises(BadConfiguration, match="name its own and set"):
        settings_of(tmp_path, "")
