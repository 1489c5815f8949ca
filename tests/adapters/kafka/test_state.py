"""A mirror's state says how far behind it is, and is read whole or not at all."""

from pathlib import Path

from adapters.kafka.state import MirrorState, keep, last, named


def test_the_lag_is_told_in_messages_and_in_time() -> None:
    state = MirrorState(run="a/a-000001", env="t", acked_seq=7, acked_ns=2_000_000_000)
    state.journal_seq, state.journal_ns = 10, 5_500_000_000

    assert (state.lag_records, state.lag_s) == (3, 3.5)


def test_who_is_not_behind_has_no_lag() -> None:
    state = MirrorState(run="a/a-000001", env="t", acked_seq=7, acked_ns=2_000_000_000, journal_seq=7, journal_ns=9)
    assert (state.lag_records, state.lag_s) == (0, 0.0)


def test_a_state_is_read_as_it_was_kept(tmp_path: Path) -> None:
    state = MirrorState(run="a/a-000001", env="t", acked_seq=7)
    keep(tmp_path / "state", state)

    assert last(tmp_path / "state") == state


def test_no_state_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "broken").write_bytes(b"{")

    assert last(tmp_path / "nowhere") is None
    assert last(tmp_path / "broken") is None


def test_an_error_says_its_name_once() -> None:
    assert named(TimeoutError("slow")) == "TimeoutError: slow"
    assert named(TimeoutError()) == "TimeoutError"
    assert named(ValueError("ValueError: bad")) == "ValueError: bad"
