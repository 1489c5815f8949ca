from adapters.silent_stream import SilentStream
from runtime.simloop import run_virtual


def test_nothing_ever_comes() -> None:
    assert run_virtual(SilentStream().take(3.0)) is None
    assert run_virtual(SilentStream().frames(3.0)) is None
