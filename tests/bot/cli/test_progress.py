"""The bar: on a terminal only, and never in the data."""

from bot.cli.progress import progress


def test_without_a_terminal_nothing_is_shown(capfd) -> None:
    with progress("verifying", 1_000, worth=1) as advance:
        advance(5)
    assert capfd.readouterr() == ("", "")


def test_on_a_terminal_it_is_on_stderr_and_gone_afterwards(capfd, monkeypatch) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress("verifying canary-000001", 10, worth=10) as advance:
        advance(10)
    out, err = capfd.readouterr()
    assert out == ""
    assert "verifying canary-000001" in err
    assert err.endswith("\x1b[2K") or "\x1b[2K" in err


def test_what_is_soon_done_is_not_worth_a_bar(capfd, monkeypatch) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress("verifying canary-000001", 10, worth=11) as advance:
        advance(10)
    assert capfd.readouterr() == ("", "")
