"""Settings of Redis: what cannot be meant is refused before anything is opened."""

import msgspec
import pytest

from adapters.redis.settings import RedisSettings, is_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_plain_text_stays_on_this_machine(host):
    assert RedisSettings(host=host).address == f"{host}:6379"
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["redis", "10.0.0.5", "localhost.example.org", "0.0.0.0", "127.1"])
def test_plain_text_beyond_this_machine_is_refused(host):
    with pytest.raises(ValueError, match="which is not this machine"):
        RedisSettings(host=host)
    assert RedisSettings(host=host, tls=True).host == host
    assert RedisSettings(host=host, local_hosts=(host,)).host == host


def test_a_unix_socket_is_this_machine():
    assert RedisSettings(unix_socket="/run/redis.sock", host="elsewhere").address == "unix:/run/redis.sock"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"prefix": "Keel *"}, "redis.prefix was 'Keel"),
        ({"username": "keel"}, "redis.username has no password"),
        ({"tls": True, "cert_file": "a"}, "takes both"),
        ({"tls": True, "unix_socket": "/s"}, "both tls and unix_socket"),
        ({"port": 0}, "redis.port was 0"),
        ({"db": -1}, "redis.db was -1"),
        ({"connections_max": 0}, "redis.connections_max was 0"),
        ({"failures_max": 0}, "redis.failures_max was 0"),
        ({"timeout_s": 0.0}, "redis.timeout_s was 0"),
        ({"connect_s": 6.0}, "redis.connect_s was 6"),
        ({"retry_s": float("nan")}, "redis.retry_s was nan"),
    ],
)
def test_what_cannot_be_meant_is_refused(changes, says):
    with pytest.raises(ValueError, match=says):
        RedisSettings(**changes)


def test_a_secret_is_a_reference_and_is_never_repeated():
    for name in ("password", "sign_key"):
        with pytest.raises(ValueError, match="no reference") as refused:
            msgspec.convert({name: "hunter2-hunter2"}, RedisSettings)
        assert "hunter2" not in str(refused.value)
