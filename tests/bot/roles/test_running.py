"""What roles are started with; whole roles on a broker: tests/services/test_roles.py."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.gateways.stream_gateway import StreamMemory
from actors.gateways.stream_settings import StreamSettings
from bot.configuration import BadConfiguration
from bot.profile import Profile
from bot.roles.figures import ROLE_METRICS, measure_stream
from bot.roles.fitting import ALONE
from bot.roles.running import holder_of, in_role
from bot.roles.settings import RolesSettings
from bot.roles.shard import ShardResult
from bot.roles.wires import book_of, wired
from runtime.metrics import MACHINE_METRICS, Metrics
from tests.kit.command_line import bot
from tests.kit.worlds import a_profile

KAFKA = {"brokers": ["127.0.0.1:1"], "env": "test", "security": "plaintext"}


def a_book(**changed: Any) -> Profile:
    return a_profile(kafka=KAFKA, **changed)


def test_one_process_adds_nothing_to_a_daemon() -> None:
    assert ALONE.world_of is None and ALONE.over is None and ALONE.epoch_min == 0


def test_an_ingest_has_runs_and_a_lock_of_its_own() -> None:
    profile = a_book()

    assert in_role(profile, "ingest").account.name == "canary-ingest"
    assert in_role(profile, "desk").account.name == "canary"
    assert {in_role(profile, role).role for role in ("ingest", "desk")} == {"ingest", "desk"}


def test_a_role_is_part_of_what_a_run_is_and_the_split_is_not() -> None:
    profile = a_book()

    assert in_role(profile, "desk").digest != profile.digest, "a run of one process is not taken up by a desk"
    assert a_book(roles__parts=7).digest == profile.digest


def test_all_roles_of_a_book_prove_the_same_and_no_other_book() -> None:
    profile = a_book()
    dry = msgspec.structs.replace(profile, orders=msgspec.structs.replace(profile.orders, dry_run=True))

    assert book_of(dry) == book_of(profile) == book_of(msgspec.structs.replace(profile, role="desk"))
    assert book_of(a_book(risk__cvar_budget_ratio=0.005)) != book_of(profile)


def test_a_role_without_brokers_or_secret_names_both_at_once() -> None:
    with pytest.raises(BadConfiguration) as refused:
        wired(a_profile())

    assert "kafka has no brokers" in str(refused.value)
    assert "roles.key is empty" in str(refused.value)


def test_a_secret_of_roles_that_is_too_short_is_named_before_kafka_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEL_TEST_KEY", "short")
    kafka = {"brokers": ["127.0.0.1:1"], "env": "test", "security": "plaintext"}
    with pytest.raises(BadConfiguration, match=r"fewer than 16 bytes.*env:KEEL_TEST_KEY"):
        wired(a_profile(kafka=kafka, roles__key="env:KEEL_TEST_KEY"))


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"parts": 0}, "parts"),
        ({"barrier_s": 0.0}, "barrier_s"),
        ({"barrier_s": 3.0}, "barrier_s < lag_s_max <= silence_s_max"),
        ({"lag_s_max": 9.0}, "barrier_s < lag_s_max <= silence_s_max"),
        ({"lease_s": 0.0}, "lease_s"),
        ({"key": "hunter2 in the clear"}, "roles.key"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(changed: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text) as refused:
        RolesSettings(**changed)

    assert "hunter2" not in str(refused.value)


def test_roles_are_asked_for_by_name() -> None:
    unknown = bot("run", "--role", "trader")
    recorded = bot("run", "--role", "desk", "--recording", "market.jsonl.zst")
    alone = bot("run", "--role", "desk")

    assert unknown.code == recorded.code == 2
    assert "expected one of all, ingest, agents, desk" in unknown.err
    assert alone.code == 4 and "kafka has no brokers" in alone.err


def test_a_shard_without_a_broker_says_what_it_could_not_ask() -> None:
    key = {"BOT__ROLES__KEY": "env:KEEL_KEY", "KEEL_KEY": "a secret of at least sixteen bytes"}
    kafka = {"BOT__KAFKA__BROKERS": '["127.0.0.1:1"]', "BOT__KAFKA__ENV": "x", "BOT__KAFKA__SECURITY": "plaintext"}
    refused = bot("run", "--role", "agents", **key, **kafka)

    assert refused.code == 75
    assert "could not be asked for the topics of roles" in refused.error
    assert "at least sixteen bytes" not in refused.err


def test_figures_say_how_the_stream_is() -> None:
    metrics = Metrics((*MACHINE_METRICS, *ROLE_METRICS), {"version": "1", "run": "r", "profile": "p"})
    memory = StreamMemory(StreamSettings(), ("flow",), None)
    memory.late["flow"], memory.beats_passed_over, memory.health.lag_ns = 3, 2, 1_500_000_000
    measure_stream(metrics, memory)
    shown = metrics.exposition().decode()

    assert 'bot_shard_late_total{agent="flow"} 3' in shown
    assert "bot_stream_lag_seconds 1.5" in shown
    assert "bot_stream_away 1" in shown
    assert "bot_stream_beats_passed_over_total 2" in shown


def test_what_a_shard_came_to_is_json() -> None:
    fields = {field.name for field in msgspec.structs.fields(ShardResult)}

    assert {"ending", "exit_code", "parts", "beats", "signals", "refused", "cpu_s"} <= fields


def test_a_copy_of_a_machine_is_another_holder_and_the_same_one_is_not(tmp_path: Path) -> None:
    boots = [tmp_path / name for name in ("one", "two", "none")]
    for each in boots[:2]:
        each.write_text(f"{each.name}\n")

    assert holder_of(tmp_path, boots[0]) == holder_of(tmp_path, boots[0])
    assert holder_of(tmp_path, boots[0]) != holder_of(tmp_path, boots[1])
    assert holder_of(tmp_path / "other", boots[0]) != holder_of(tmp_path, boots[0])
    assert holder_of(tmp_path, boots[2]) != holder_of(tmp_path, boots[2])
