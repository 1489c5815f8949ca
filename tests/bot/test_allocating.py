"""The allocator's worker: a question in, the best book out, with the sides and the book that were asked about."""

import io
import json
import sys
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from bot import allocating
from bot.worlds import simulated_world
from contracts import codec
from contracts.column import floats
from contracts.decision import AllocationAsked, GateState, Verdict
from contracts.life import GatewayFailed
from contracts.ports import Workers
from quant.tail_risk import cvar
from tests.actors.gateways.test_allocator import ASKED
from tests.kit.worlds import a_profile, last, said, simulate


def a_question(**changed):
    rng = np.random.default_rng(5)
    moves = 0.03 * rng.standard_t(6, (400, 1)) + 0.005 * rng.standard_normal((400, 2))
    return msgspec.structs.replace(
        ASKED, unit_losses=floats(moves * [-1.0, 1.0] + 0.001), held=floats(-10.0 * moves[:, 0]), **changed
    )


def test_the_plan_is_what_to_hold_on_the_sides_that_were_asked_about():
    asked = a_question(budget=3.0)
    found = allocating.answer(asked)
    buy, sell = found["notional"]
    assert 10.0 <= buy <= 60.0
    assert -60.0 <= sell < 0.0
    added = np.array([buy - 10.0, -sell])
    losses = asked.unit_losses.values
    for part in (added, added * [1.0, 0.0], added * [0.0, 1.0]):
        assert cvar(asked.held.values + losses @ part, asked.alpha) <= 3.0 + 1e-9, "whichever side fills"
    assert found["edge"] == pytest.approx(float(asked.edge.values @ added))
    assert found["shadow_price"] > 0.0


def test_where_no_book_keeps_the_budget_there_is_a_reason_and_no_plan():
    found = allocating.answer(a_question(budget=0.01))
    assert found["notional"] == []
    assert "no book is within a CVaR of 0.01" in found["reason"]


def test_numbers_come_in_by_stdin_and_the_plan_goes_out_as_json(monkeypatch, capsysbinary):
    asked = a_question(budget=3.0)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(codec.encode(asked))))
    allocating.main()
    assert json.loads(capsysbinary.readouterr().out) == allocating.answer(asked)


def test_what_is_no_question_is_refused(monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"\x93abc")))
    with pytest.raises(msgspec.DecodeError):
        allocating.main()


async def test_a_worker_of_a_world_knows_how_to_allocate(tmp_path):
    asked = a_question(budget=3.0)
    world = simulated_world(a_profile(), tmp_path, virtual=True)
    workers: Workers = world.workers
    answer = await workers.run("allocate", (), data=[codec.encode(asked)], timeout_s=60.0)
    assert json.loads(answer) == allocating.answer(asked)
    world.close()


def a_tight_profile():
    """Five instruments and a fifth of the canary's budget: it binds in most decisions."""
    names = ["BTC-EUR", "ETH-EUR", "SOL-EUR", "ADA-EUR", "XRP-EUR"]
    tight = {"risk__cvar_budget_ratio": 0.002, "selection__caution": 0, "simulated__market__symbols": names}
    return a_profile(planning__enabled=True, planning__ask_s=1, **tight)


def test_a_worker_that_fails_all_day_stops_nothing():
    run = simulate(a_tight_profile(), seconds=15)
    assert said(run, AllocationAsked), "a budget binds"
    assert {each.gateway for each in said(run, GatewayFailed)} == {"allocator"}
    assert last(run, GatewayFailed).error.startswith("WorkFailed: work was 'allocate'")
    verdicts = said(run, Verdict)
    assert len(verdicts) >= 10
    assert {each.plan for each in verdicts} == {""}
    assert {each.state for each in said(run, GateState, after_s=5.0, before_s=15.0)} <= {"TRADING"}
