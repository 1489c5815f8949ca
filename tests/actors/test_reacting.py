"""What the money actors share."""

import pytest

from actors.auditor import Auditor
from tests.kit.orders import Stage, an_equity, an_intent


def test_a_snapshot_shares_nothing_with_the_living_state():
    stage = Stage(Auditor())
    stage.admit(an_intent())
    kept = stage.actors[0].snapshot()
    stage.admit(an_intent())
    assert kept.intent_seqs == [1]
    stage.actors[0].restore(kept)
    stage.admit(an_equity())
    stage.admit(an_intent())
    assert kept.intent_seqs == [1], "the given struct stays the caller's"


def test_every_type_that_is_heard_has_a_reaction():
    class Deaf(Auditor):
        def reactions(self):
            return dict(list(super().reactions().items())[1:])

    with pytest.raises(AssertionError, match="Deaf hears"):
        Deaf()
