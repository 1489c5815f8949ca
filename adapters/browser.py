"""A page as a picture, by a browser of this machine; nothing is fetched, and nothing of the user's browser is used."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
OPTIONS: Final = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
)  # fmt: skip
"""Without the sandbox, which there is none of in a container or as root: the page is our own and has no script."""

SECONDS_MAX: Final = 60.0
WIDTH: Final = 1240
HEIGHT_MAX: Final = 16_000
"""Browsers draw no more than 16,384 pixels in one piece."""

MEASURED: Final = "<script>document.title = 'high ' + document.documentElement.scrollHeight</script>"


class NoPicture(Exception):
    """There is no browser, or it made no picture."""


def picture(page: str, target: Path, browsers: Sequence[str] = BROWSERS) -> None:
    """Write a page as a PNG as high as the page is, up to 16,000 pixels; whole or not at all.

    Raises NoPicture, and OSError where the disk does not take it.
    """
    browser = next((found for found in map(shutil.which, browsers) if found), None)
    if browser is None:
        raise NoPicture(
            f"no browser was found to draw the page with (tried {', '.join(browsers)}); open the HTML instead"
        )
    with tempfile.TemporaryDirectory(prefix="keel-page-") as directory:
        drawn = _drawn(browser, page, Path(directory))
        beside = target.with_name(target.name + ".new")
        shutil.copyfile(drawn, beside)
        beside.replace(target)


def _drawn(browser: str, page: str, directory: Path) -> Path:
    source, drawn = directory / "page.html", directory / "page.png"
    source.write_text(page + MEASURED, "utf-8")
    ours = (browser, *OPTIONS, f"--user-data-dir={directory / 'profile'}")
    said = _run((*ours, f"--window-size={WIDTH},800", "--dump-dom", source.as_uri()))
    height = re.search(r"<title>high (\d+)</title>", said)
    if height is None:
        raise NoPicture(f"{browser} does not say how high the page is")
    size = f"--window-size={WIDTH},{min(HEIGHT_MAX, int(height[1]))}"
    _run((*ours, size, f"--screenshot={drawn}", source.as_uri()))
    if not drawn.exists():
        raise NoPicture(f"{browser} made no picture")
    return drawn


def _run(command: tuple[str, ...]) -> str:
    """Run a browser to its end and return what it printed."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS_MAX, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise NoPicture(f"{command[0]} was not ready within {SECONDS_MAX:g} s") from error
    if done.returncode:
        last = (done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"])[-1]
        raise NoPicture(f"{command[0]} failed with exit code {done.returncode}: {last}")
    return done.stdout.decode("utf-8", "replace")
