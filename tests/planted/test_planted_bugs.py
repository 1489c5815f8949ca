"""Bugs that other systems had, against ours: what no test of one module finds. The table is in docs/planted-bugs.md."""

from pathlib import Path

import pytest

from bot.opening import open_run
from bot.replaying import RunIdentity
from contracts.trade import Order, OrderAccepted
from tests.characterization.runs import a_quick_profile
from tests.kit.lives import IDENTITY, live


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A process of a quick canary was killed while it traded."""
    runs = tmp_path_factory.mktemp("killed")
    live(a_quick_profile(), runs, seconds=4, killed=True)
    return runs


@pytest.mark.parametrize(
    ("code", "seed", "reason"),
    [("other", 17, "the code has changed"), (IDENTITY.code, 18, "the profile has changed"), (IDENTITY.code, 17, "")],
)
def test_i34_bug_25_a_cut_run_goes_on_only_with_the_code_and_the_profile_that_began_it(
    killed: Path, code: str, seed: int, reason: str
) -> None:
    profile = a_quick_profile(seed=seed)
    opened = open_run(profile, killed, RunIdentity(code=code, fingerprint={}), virtual=True, fresh=False)
    try:
        assert reason in opened.set_aside
        assert (opened.found is None) == bool(reason)
    finally:
        opened.journal.close(seal=False)
        opened.account.took_up("canary-000001")
        opened.account.close()


def test_i2_i3_bug_8_a_run_that_is_taken_up_sends_nothing_of_what_it_said_before(tmp_path: Path) -> None:
    first = live(a_quick_profile(), tmp_path, seconds=4, killed=True)
    second = live(a_quick_profile(), tmp_path, seconds=6, after_s=10)
    before = [each.payload.client_id for each in first.envelopes if isinstance(each.payload, Order)]
    after = [each.payload.client_id for each in second.envelopes if isinstance(each.payload, Order)]
    accepted = [
        each.payload.client_id for life in (first, second) for each in life.envelopes
        if isinstance(each.payload, OrderAccepted)
    ]  # fmt: skip
    assert before
    assert after
    assert not [name for name in after if name in before]
    assert len(accepted) == len(dict.fromkeys(accepted))


def test_i31_i40_every_order_of_a_killed_process_gets_an_end(tmp_path: Path) -> None:
    first = live(a_quick_profile(), tmp_path, seconds=4, killed=True)
    second = live(a_quick_profile(), tmp_path, seconds=20, after_s=10)
    ours = [each.payload.client_id for each in first.envelopes if isinstance(each.payload, Order)]
    assert ours
    assert not [name for name, order in second.system.report.orders.items() if order.state in ("SENDING", "UNKNOWN")]
