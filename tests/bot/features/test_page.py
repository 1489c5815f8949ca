"""The page of features is current."""

from bot.features.page import PAGE, rendered, write


def test_the_page_says_what_the_registry_says() -> None:
    """After a change of a feature: `python -m bot.features.page`."""
    assert PAGE.read_text("utf-8") == rendered()


def test_writing_the_page_makes_it_current(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("bot.features.page.PAGE", tmp_path / "features.md")
    write()
    assert (tmp_path / "features.md").read_text("utf-8") == rendered()
