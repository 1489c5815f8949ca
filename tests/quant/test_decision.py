import numpy as np

from quant.decision import facts_of, flattened, said_ns_of, unflattened
from tests.kit.chains import a_chain, a_decision


def test_an_instant_goes_through_floats_to_the_nanosecond():
    for said_ns in (0, 1_785_000_123_456_789_123, -1):
        assert said_ns_of(facts_of(said_ns, 0.5)) == said_ns


def test_open_decisions_go_through_flat_arrays_bit_for_bit():
    chain = a_chain()
    for instant in range(3):
        chain.believe(a_decision(np.random.default_rng(instant), instant=instant))
    flat = flattened(chain.pending)
    assert max(value.ndim for value in flat.values()) == 2
    again = unflattened(flat, 9)
    assert list(again) == list(chain.pending)
    for one, other in zip(chain.pending.values(), again.values()):
        assert all(a.tobytes() == b.tobytes() and a.shape == b.shape for a, b in zip(one, other))
