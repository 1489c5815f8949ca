"""What the boosters are told leaves its training: a warning, an agent left out, a wider sigma, no boosters."""

import numpy as np
import pytest

from actors.drift_watcher import DriftWatcher, DriftWatcherSettings
from actors.input_watch import OWN, RETRY_FRAMES
from contracts import codec
from contracts.belief import DriftState, Example, InputDrift, ModelFitted
from contracts.column import floats
from contracts.model import ModelTexts
from contracts.ports import ModelRejected
from quant.drift import SIGMA_FACTOR_MAX
from quant.reference import kept, reference_of
from quant.reference_watch import LEAST_FRAMES
from tests.kit.market import an_envelope, at

AGENTS = {"trend": ("ret_15",), "flow": ("ofi_10s",), "carry": (), "macro": ()}
NAMES = (
    *(f"{agent}.{what}" for agent in AGENTS for what in OWN),
    "ret_15", "ofi_10s", *(f"other_{number}" for number in range(16)),
)  # fmt: skip
LONG = LEAST_FRAMES + 60
MODEL, SCHEMA, WIDTH = "ab" * 32, "5c" * 32, 4


def some_inputs(frames: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(frames, WIDTH, len(NAMES)))


def texts(*, reference: bool = True, schema: str = SCHEMA) -> ModelTexts:
    trained = some_inputs(1_000, 0)
    known = reference_of(trained.reshape(-1, len(NAMES)), np.repeat(np.arange(len(trained)), WIDTH))
    return ModelTexts(
        model=MODEL, schema=schema, inputs=NAMES, levels=(0.5,), residual=("",), free=(), start=(0.0,), spread=(0.0,),
        trained_until_ns=1, examples=4_000, reference=kept(known) if reference else None,
    )  # fmt: skip


class Models:
    def __init__(self, found: ModelTexts | None = None) -> None:
        self.found = found

    def texts(self, model: str) -> ModelTexts:
        if self.found is None:
            raise ModelRejected(model)
        return self.found


class World:
    """An example a minute, of inputs as in training but where told; an agent that is left out says nothing."""

    def __init__(self, models: Models | None = None) -> None:
        self.watcher = DriftWatcher(DriftWatcherSettings(), ("ret_1",), models or Models(texts()), AGENTS)
        self.minute, self.seq = 0, 0
        self.words: list[DriftState] = []
        self.figures: list[InputDrift] = []
        self.fitted()

    def fitted(self, *, challenger: bool = False, model: str = MODEL) -> None:
        message = ModelFitted(
            model=model, schema=SCHEMA, trained_until_ns=1, examples=1, challenger=challenger, detail="of a test"
        )
        assert tuple(self.hear(message)) == ()

    def hear(self, message):
        self.seq += 1
        return self.watcher.receive(an_envelope(message, seq=self.seq, at_ns=at(60.0 * self.minute)))

    def live(self, minutes: int, *, moved: tuple[str, ...] = (), schema: str = SCHEMA) -> "World":
        for x in some_inputs(minutes, 100 + self.minute):
            self.minute += 1
            x[:, [NAMES.index(name) for name in moved]] += 2.0
            dropped = self.words[-1].dropped if self.words else ()
            x[:, [NAMES.index(f"{agent}.{what}") for agent in dropped for what in OWN]] = np.nan
            for said in self.hear(an_example(x, at(60.0 * self.minute), schema)):
                (self.words if isinstance(said, DriftState) else self.figures).append(said)
            self.watcher.check()
        return self

    @property
    def now(self) -> tuple[str, float, tuple[str, ...]]:
        last = self.words[-1]
        return last.level, last.sigma_factor, last.dropped


def an_example(x: np.ndarray, at_ns: int, schema: str) -> Example:
    nothing = floats(np.zeros(WIDTH))
    return Example(
        universe=1, schema=schema, said_ns=at_ns, end_ns=at_ns + 1, x=floats(x), base=floats(np.zeros((1, WIDTH))),
        z=nothing, scale=nothing, weight=1.0, based_on=(),
    )  # fmt: skip


def test_inputs_as_in_training_are_left_alone():
    world = World().live(700)
    assert [word.level for word in world.words] == ["calm"]
    assert len(world.figures) == 1 + (700 - LEAST_FRAMES) // 15
    last = world.figures[-1]
    assert (last.names, last.drifted, last.dropped, last.model) == (NAMES, (), (), MODEL)
    assert last.divergence.values.max() < 0.1 and last.distance.values.max() < 0.1


def test_one_input_that_left_its_training_is_a_warning_that_names_it():
    world = World().live(LONG, moved=("other_3",))
    assert world.now == ("warn", 1.0, ())
    assert world.words[-1].reasons == (
        next(each for each in world.words[-1].reasons if each.startswith("input other_3: index ")),
    )
    assert world.figures[-1].drifted == ("other_3",)


@pytest.mark.numbers
def test_an_input_that_is_back_is_no_warning_any_more():
    assert World().live(LONG, moved=("other_3",)).live(1_500).now == ("calm", 1.0, ())


@pytest.mark.parametrize("moved", ["trend.mu", "ret_15"])
def test_an_agent_whose_words_or_needs_drifted_is_left_out(moved):
    world = World().live(LONG, moved=(moved,))
    assert world.now == ("warn", 1.0, ("trend",))


@pytest.mark.numbers
def test_an_agent_that_needs_again_what_it_knows_is_asked_again():
    world = World().live(LONG, moved=("ret_15",))
    assert world.live(2_500).now == ("calm", 1.0, ())


@pytest.mark.numbers
def test_an_agent_left_out_for_its_words_is_listened_to_again_after_a_while():
    world = World().live(LONG, moved=("trend.mu",))
    assert world.now[2] == ("trend",)
    since = world.watcher.state.told.left_out["trend"] if world.watcher.snapshot() else 0
    assert world.live(RETRY_FRAMES - (LONG - since) - 1).now[2] == ("trend",)
    assert world.live(2).now == ("calm", 1.0, ())
    assert world.live(600).now == ("calm", 1.0, ())
    assert world.live(LONG, moved=("trend.mu",)).now[2] == ("trend",)


def test_a_tenth_of_the_inputs_widens_and_a_quarter_takes_the_boosters_away():
    assert World().live(LONG, moved=tuple(f"other_{n}" for n in range(4))).now == ("widen", SIGMA_FACTOR_MAX, ())
    assert World().live(LONG, moved=tuple(f"other_{n}" for n in range(8))).now == ("pool", SIGMA_FACTOR_MAX, ())


def test_where_most_agents_would_be_left_out_none_is_and_only_the_pool_speaks():
    world = World().live(LONG, moved=("trend.mu", "flow.mu", "carry.mu"))
    assert (world.now[0], world.now[2]) == ("pool", ())


def test_a_challenger_other_inputs_and_models_without_a_reference_change_nothing():
    quiet = World(Models(texts(reference=False))).live(LONG, moved=("trend.mu",))
    assert quiet.words == [] and quiet.figures == []
    other = World().live(LONG, moved=("trend.mu",), schema="00" * 32)
    assert other.words == []
    gone = World(Models())
    assert gone.live(20).words == [] and gone.watcher.snapshot().told.refused == 1
    kept_on = World().live(LONG)
    kept_on.fitted(challenger=True, model="cd" * 32)
    assert kept_on.watcher.snapshot().told.model == MODEL


@pytest.mark.numbers
def test_it_restores_to_the_byte_in_the_middle():
    whole, first = World(), World()
    for world in (whole, first):
        world.live(LONG, moved=("ret_15",))
    second = DriftWatcher(DriftWatcherSettings(), ("ret_1",), Models(texts()), AGENTS)
    second.restore(codec.decode_state(DriftWatcher.state_type(), codec.encode(first.watcher.snapshot())))
    first.watcher = second
    for world in (whole, first):
        world.live(300)
    assert codec.encode(second.snapshot()) == codec.encode(whole.watcher.snapshot())
    assert first.words == whole.words and first.figures == whole.figures
