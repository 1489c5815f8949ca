"""What a verb writes is tried before the work, and is whole or not there after it."""

from pathlib import Path

import pytest

from bot.cli.errors import Fail
from bot.cli.writing import check_directory, check_writable, write_whole


def test_looking_whether_it_can_be_written_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "old.html").write_text("old")
    check_writable(tmp_path / "old.html")
    check_writable(tmp_path / "new.html")
    assert [path.name for path in tmp_path.iterdir()] == ["old.html"]
    assert (tmp_path / "old.html").read_text() == "old"


@pytest.mark.parametrize("name", ["", "nowhere/page.html", "file/page.html"])
def test_a_place_that_takes_nothing_is_bad_configuration(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Fail, match="cannot be written") as failed:
        check_writable(tmp_path / name)
    assert failed.value.code == 4


def test_a_directory_that_could_be_made_will_do(tmp_path: Path) -> None:
    check_directory(tmp_path)
    check_directory(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "b", Path("/proc/b")):
        with pytest.raises(Fail, match="cannot be used as a directory") as failed:
            check_directory(path)
        assert failed.value.code == 4


def test_what_is_written_replaces_what_was_there_and_follows_a_link(tmp_path: Path) -> None:
    (tmp_path / "old.html").write_text("old")
    (tmp_path / "link.html").symlink_to(tmp_path / "old.html")
    write_whole(tmp_path / "link.html", "new")
    assert (tmp_path / "old.html").read_text() == "new"
    assert (tmp_path / "link.html").is_symlink()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_device_is_written_to_and_a_full_one_says_so(tmp_path: Path) -> None:
    write_whole(Path("/dev/null"), "page")
    with pytest.raises(Fail, match="No space left") as failed:
        write_whole(Path("/dev/full"), "page")
    assert failed.value.code == 75
