"""A page as a picture: drawn whole, or an error that says why not."""

import stat

import pytest

from adapters.browser import NoPicture, picture

PAGE = "<!doctype html><title>x</title><p>y</p>"


def a_browser(tmp_path, text: str) -> str:
    """A program that takes the place of a browser."""
    path = tmp_path / "browser"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    return str(path)


def test_without_a_browser_the_page_is_what_there_is(tmp_path) -> None:
    with pytest.raises(NoPicture, match="no browser was found"):
        picture(PAGE, tmp_path / "page.png", ("no-such-browser",))


def test_a_browser_is_asked_for_the_height_and_then_for_the_picture(tmp_path) -> None:
    draws = """
for option in "$@"; do
  case "$option" in
    --dump-dom) echo '<title>high 1234</title>';;
    --window-size=1240,1234) high=yes;;
    --screenshot=*) [ "$high" = yes ] && printf picture > "${option#--screenshot=}";;
  esac
done
exit 0"""
    picture(PAGE, tmp_path / "page.png", (a_browser(tmp_path, draws),))
    assert (tmp_path / "page.png").read_bytes() == b"picture"


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("echo broken >&2; exit 3", "failed with exit code 3: broken"),
        ("exit 0", "does not say how high"),
        ("echo '<title>high 5</title>'", "made no picture"),
    ],
)
def test_a_browser_that_fails_is_told_and_leaves_nothing(tmp_path, does, said) -> None:
    with pytest.raises(NoPicture, match=said):
        picture(PAGE, tmp_path / "page.png", (a_browser(tmp_path, does),))
    assert not (tmp_path / "page.png").exists()
