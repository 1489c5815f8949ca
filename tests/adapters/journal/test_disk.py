import errno
import os
import stat

import pytest

from adapters.journal.disk import AppendFile, Disk, PosixDisk, write_all
from tests.kit.disks import CrashingDisk


@pytest.fixture(params=["posix", "crashing"])
def disk(request, tmp_path) -> Disk:
    """Both disks keep the same promises, so that the fake cannot drift from the real one."""
    return PosixDisk(tmp_path / "journal") if request.param == "posix" else CrashingDisk()


def written(disk: Disk, name: str, data: bytes) -> AppendFile:
    file = disk.open_append(name)
    write_all(file, data)
    return file


def test_a_file_grows_at_its_end(disk) -> None:
    written(disk, "a", b"one").close()
    file = written(disk, "a", b"two")
    file.sync()
    file.close()
    assert disk.read("a") == b"onetwo"


def test_names_are_in_order(disk) -> None:
    for name in ("b", "a", "c"):
        written(disk, name, b"").close()
    disk.sync_dir()
    assert disk.names() == ["a", "b", "c"]


def test_a_rename_replaces_and_an_open_file_goes_on_under_its_new_name(disk) -> None:
    written(disk, "new", b"old").close()
    file = written(disk, "spare", b"first ")
    disk.rename("spare", "new")
    write_all(file, b"second")
    file.close()
    assert (disk.names(), disk.read("new")) == (["new"], b"first second")


def test_what_is_absent_can_be_removed_but_not_read(disk) -> None:
    disk.remove("a")
    with pytest.raises(FileNotFoundError):
        disk.read("a")


def test_a_cut_file_keeps_its_beginning(disk) -> None:
    written(disk, "a", b"beginning and end").close()
    disk.truncate("a", 9)
    assert disk.read("a") == b"beginning"


def test_allocated_bytes_are_taken_from_the_free_ones(disk) -> None:
    disk.allocate("reserve", 4096)
    assert len(disk.read("reserve")) == 4096
    assert disk.free_bytes() > 0


def test_a_directory_is_for_its_owner_alone_and_so_are_its_files(tmp_path) -> None:
    previous = os.umask(0)
    try:
        disk = PosixDisk(tmp_path / "runs" / "journal")
        written(disk, "a", b"").close()
        disk.allocate("b", 10)
    finally:
        os.umask(previous)
    assert stat.S_IMODE((tmp_path / "runs" / "journal").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "runs" / "journal").iterdir()} == {0o600}
    disk.close()
    disk.close()


def test_a_link_in_the_place_of_the_directory_is_not_followed(tmp_path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "journal").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotADirectoryError):
        PosixDisk(tmp_path / "journal")


def test_a_link_in_the_place_of_a_file_is_not_followed_and_not_listed(tmp_path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    disk = PosixDisk(tmp_path / "journal")
    (tmp_path / "journal" / "a").symlink_to(tmp_path / "secret")
    assert disk.names() == []
    for touch in (disk.read, disk.open_append):
        with pytest.raises(OSError, match=os.strerror(errno.ELOOP)):
            touch("a")
    assert (tmp_path / "secret").read_bytes() == b"secret"


@pytest.mark.parametrize("name", ["", ".", "..", "../a", "/etc/passwd", "a/b", "a\0b"])
def test_no_name_leaves_the_directory(tmp_path, name) -> None:
    disk = PosixDisk(tmp_path / "journal")
    for touch in (disk.read, disk.open_append, disk.remove):
        with pytest.raises(ValueError, match="plain name"):
            touch(name)
