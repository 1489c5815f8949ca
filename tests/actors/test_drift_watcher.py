"""The drift watcher: quiet on beliefs that come true, quick on those that do not, and back when they do again."""

import numpy as np
import pytest
from msgspec.structs import replace
from scipy import stats

from actors.drift_watcher import DriftWatcher, DriftWatcherSettings
from contracts import codec
from contracts.belief import DriftState
from contracts.column import floats
from quant.quantiles import LEVELS
from tests.kit.beliefs import a_feature_frame, an_outcome
from tests.kit.market import an_envelope, at

NAMES = ("ret_1", "rsi_14", "imb_l1")
HORIZON_S = 10.0
NODES = stats.norm.ppf(LEVELS)[:, None]


def a_watcher() -> DriftWatcher:
    return DriftWatcher(DriftWatcherSettings(), NAMES)


class World:
    """Outcomes one horizon apart of a blend that obeys; `narrow` scales what it says, `noise` shifts it."""

    def __init__(self, watcher: DriftWatcher, *, width: int = 1, common: float = 0.0, seed: int = 0) -> None:
        self.watcher, self.width, self.common = watcher, width, common
        self.chance = np.random.default_rng(seed)
        self.number = 0
        self.said: list[tuple[int, DriftState]] = []

    def live(self, labels: int, *, narrow: float = 1.0, noise: float = 0.0) -> None:
        for _ in range(labels // self.width):
            self.number += 1
            for word in self.watcher.receive(self._outcome(narrow, noise)):
                self.said.append((self.number * self.width, word))
            self.watcher.check()

    def _outcome(self, narrow, noise):
        last = self.said[-1][1] if self.said else None
        off = 0.05 * self.chance.normal(size=(2, self.width))
        pool = off[0] + NODES
        own = off[1] + noise * self.chance.normal(size=self.width) + narrow * NODES
        if last is not None and last.level in ("pool", "half", "flat"):
            own = off[0] + narrow * NODES
        if last is not None:
            own = own[4] + last.sigma_factor * (own - own[4])
        shared, single = self.chance.normal(), self.chance.normal(size=self.width)
        y = np.sqrt(self.common) * shared + np.sqrt(1 - self.common) * single
        outcome = an_outcome(
            author="blend", width=self.width, mu=own[4], sigma=1.0, realised=y, horizon_s=HORIZON_S,
            said_ns=at(self.number * HORIZON_S),
        )  # fmt: skip
        outcome = replace(outcome, quantiles=floats(own), pool_quantiles=floats(pool))
        return an_envelope(outcome, seq=self.number, at_ns=at((self.number + 1) * HORIZON_S))

    @property
    def levels(self) -> list[str]:
        return [word.level for _, word in self.said]


def test_beliefs_that_come_true_are_left_alone():
    world = World(a_watcher(), width=4, seed=1)
    world.live(3000)
    assert world.levels == ["calm"]
    assert (world.said[0][1].sigma_factor, world.said[0][1].size_factor) == (1.0, 1.0)


@pytest.mark.numbers
def test_beliefs_too_narrow_are_widened_then_given_to_the_pool_then_cut_and_come_back():
    world = World(a_watcher())
    world.live(1000)
    world.live(4000, narrow=0.5)
    assert [level for level in world.levels if level != "warn"] == ["calm", "widen", "pool", "half", "flat"]
    assert world.said[-1][1].size_factor == 0.0
    assert any("coverage of 90 % is" in reason for reason in world.said[-1][1].reasons)
    before = len(world.said)
    world.live(6000)
    assert [level for level in world.levels[before:] if level != "warn"] == ["half", "pool", "widen", "calm"]


def test_losses_above_the_pool_give_the_word_to_the_pool():
    world = World(a_watcher())
    world.live(1000)
    world.live(600, noise=0.7)
    first = next((number, word) for number, word in world.said if word.level == "pool")
    assert 1000 < first[0] < 1500
    assert "losses rose against the pool's" in first[1].reasons


def test_labels_that_overlap_are_not_heard_and_agents_never():
    watcher = a_watcher()
    world = World(watcher)
    world.live(5)
    heard = watcher.state.heard_ns
    again = world._outcome(1.0, 0.0)
    early = replace(again.payload, said_ns=heard - 1)
    for payload in (early, replace(again.payload, author="momentum")):
        assert tuple(watcher.receive(an_envelope(payload, at_ns=again.at_ns))) == ()
    assert watcher.state.heard_ns == heard


def look(watcher, count, *, first=0, shift=0.0) -> list[DriftState]:
    said, chance = [], np.random.default_rng(first)
    for number in range(first, first + count):
        values = chance.normal(size=(3, 4))
        values[1] += shift
        envelope = an_envelope(a_feature_frame(values=values), seq=number + 1, at_ns=at(60.0 * number))
        said += watcher.receive(envelope)
        watcher.check()
    return said


def test_a_feature_that_drifts_is_a_warning_that_names_it():
    watcher = a_watcher()
    assert [word.level for word in look(watcher, 1200)] == ["calm"]
    said = look(watcher, 600, first=1200, shift=1.5)
    assert [word.level for word in said] == ["warn"]
    assert said[0].reasons[0].startswith("rsi_14: index ")
    assert (said[0].sigma_factor, said[0].size_factor) == (1.0, 1.0)


def test_features_are_looked_at_no_more_often_than_told():
    watcher = a_watcher()
    for second in range(120):
        watcher.receive(an_envelope(a_feature_frame(values=np.zeros((3, 4))), at_ns=at(float(second))))
    assert watcher._population.state().frames == 2


def test_it_restores_to_the_byte_in_the_middle():
    whole, first = World(a_watcher(), width=2), World(a_watcher(), width=2)
    for world in (whole, first):
        look(world.watcher, 150)
        world.live(800, narrow=0.6)
    second = a_watcher()
    second.restore(codec.decode_state(DriftWatcher.state_type(), codec.encode(first.watcher.snapshot())))
    first.watcher = second
    for world in (whole, first):
        world.live(1200, narrow=0.6)
    assert codec.encode(second.snapshot()) == codec.encode(whole.watcher.snapshot())
    assert first.said == whole.said


@pytest.mark.numbers
@pytest.mark.parametrize(("width", "common"), [(1, 0.0), (8, 0.5), (32, 0.3)])
def test_false_alarms_on_stationary_beliefs_are_at_most_one_per_ten_thousand_labels(width, common):
    alarms = 0
    for seed in range(4):
        world = World(a_watcher(), width=width, common=common, seed=seed)
        world.live(10_000)
        alarms += sum(level != "calm" for level in world.levels)
    assert alarms / 4 <= 1.0


@pytest.mark.numbers
@pytest.mark.parametrize(("width", "common"), [(1, 0.0), (8, 0.5)])
def test_a_loss_of_a_fifth_of_the_skill_is_acted_on_within_1500_labels(width, common):
    """Noise of .62 on the median costs a fifth more pinball than the pool pays."""
    for seed in range(4):
        world = World(a_watcher(), width=width, common=common, seed=seed)
        world.live(3000)
        before = len(world.said)
        world.live(1500, noise=0.62)
        assert any(word.level in ("widen", "pool", "half") for _, word in world.said[before:])


def test_a_cadence_of_nothing_is_refused():
    with pytest.raises(ValueError, match="features_every_s was 0"):
        DriftWatcherSettings(features_every_s=0.0)
