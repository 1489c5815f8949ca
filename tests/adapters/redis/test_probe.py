import pytest

from adapters.redis.probe import commands_verdict, probe, version_verdict
from adapters.redis.settings import RedisSettings
from tests.kit.virtual_time import on_a_real_loop


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("7.0.15", "7.0.15 is older than the mending of CVE-2025-49844"),
        ("7.2.10", "7.2.10 is older than the mending of CVE-2025-49844"),
        ("7.2.11", "7.2.11"),
        ("8.2.2", "8.2.2"),
        ("8.4.0", "8.4.0"),
        ("9.0.0", "9.0.0"),
    ],
)
def test_an_old_server_that_runs_programs_for_us_is_named(version, told):
    assert version_verdict(version, evaluates=True).found == told


def test_an_old_server_that_runs_no_programs_for_us_is_well():
    assert version_verdict("7.0.15", evaluates=False) == ("redis version", True, "7.0.15, and EVAL is closed to us", "")


def test_what_says_no_version_is_doubted():
    assert not version_verdict("", evaluates=False).ok


def test_open_commands_are_a_failure_where_a_user_of_our_own_was_meant():
    local = RedisSettings()
    ours = RedisSettings(username="keel", password="env:X")

    assert [each.ok for each in commands_verdict(local, [], ["EVAL"])] == [True]
    assert [each.ok for each in commands_verdict(ours, [], ["EVAL"])] == [False]


def test_refused_and_open_commands_are_both_told():
    findings = commands_verdict(RedisSettings(), ["SCAN"], ["EVAL"])

    assert [(each.name, each.ok) for each in findings] == [("redis commands", False), ("redis rights", True)]


@on_a_real_loop
async def test_a_server_that_is_not_there_is_the_only_finding():
    (finding,) = await probe(RedisSettings(port=1))

    assert not finding.ok and "127.0.0.1:1 cannot be reached" in finding.found


@on_a_real_loop
async def test_a_secret_that_is_not_there_is_told_before_anything_is_dialled():
    (finding,) = await probe(RedisSettings(port=1, username="keel", password="env:KEEL_NO_SUCH_SECRET"))

    assert finding.name == "redis secrets" and "env:KEEL_NO_SUCH_SECRET" in finding.found
