"""Secrets come from where a setting refers to, and only when nobody else could have read them there."""

from pathlib import Path

import pytest

from adapters.secret_store import BYTES_MAX, SecretUnreadable, check_private, read_secret
from contracts.secret import Secret


def a_file(path: Path, content: bytes = b"hush\n", mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_a_secret_comes_from_a_variable() -> None:
    assert read_secret("env:PASSWORD", {"PASSWORD": "hush"}) == Secret("hush")


def test_a_secret_comes_from_a_file_without_its_last_line_break(tmp_path: Path) -> None:
    assert read_secret(f"file:{a_file(tmp_path / 'secret')}") == Secret("hush")
    assert read_secret(f"file:{a_file(tmp_path / 'spaces', b' hu sh ')}") == Secret(" hu sh ")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o601, 0o644])
def test_a_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = a_file(tmp_path / "secret", mode=mode)

    with pytest.raises(SecretUnreadable, match=f"mode {mode:o}.*chmod 600") as refused:
        read_secret(f"file:{path}")
    assert "hush" not in str(refused.value)
    with pytest.raises(SecretUnreadable):
        check_private(path)


def test_what_is_missing_empty_too_long_or_no_text_is_said_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(SecretUnreadable, match="env:NOT_SET is not there"):
        read_secret("env:NOT_SET", {})
    with pytest.raises(SecretUnreadable, match="is empty"):
        read_secret("env:EMPTY", {"EMPTY": ""})
    with pytest.raises(SecretUnreadable, match="No such file"):
        read_secret(f"file:{tmp_path / 'nowhere'}")
    tmp_path.chmod(0o700)
    with pytest.raises(SecretUnreadable, match="no file"):
        read_secret(f"file:{tmp_path}")
    with pytest.raises(SecretUnreadable, match="longer than"):
        read_secret(f"file:{a_file(tmp_path / 'long', b'x' * (BYTES_MAX + 1))}")
    with pytest.raises(SecretUnreadable, match="no text"):
        read_secret(f"file:{a_file(tmp_path / 'bytes', bytes([255, 254]))}")


def test_what_is_no_reference_is_not_looked_for() -> None:
    with pytest.raises(ValueError, match="no reference"):
        read_secret("hush")
