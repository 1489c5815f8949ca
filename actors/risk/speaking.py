"""What was weighed, as messages: intents, refusals, and the verdict that ends a decision."""

from typing import NamedTuple

from actors.risk.case import Case
from actors.risk.proposals import Proposal
from actors.risk.sizing import Draft, Room
from actors.risk.weighing import Refused, Weighed
from contracts.belief import Slate
from contracts.decision import Intent, Refusal, Verdict
from contracts.quantities import Nanos, seconds


class Belief(NamedTuple):
    """What an intent rests on: the slate, the instrument's column in it, and the message its mark came by."""

    slate: Slate | None
    column: int
    mark_seq: int


def intent_of(
    decision: int, proposal: Proposal, case: Case, belief: Belief, weighed: Weighed, cvar_max: float,
    expires_ns: Nanos, based_on: tuple[int, ...],
) -> Intent:  # fmt: skip
    """Approval of a proposal, with the numbers it was judged by."""
    view, place, slate, column = case.view, proposal.place, belief.slate, belief.column
    return Intent(
        decision=decision,
        leg=proposal.leg,
        symbol=proposal.symbol,
        side=proposal.side,
        quantity=proposal.quantity,
        limit=proposal.limit,
        reduce_only=proposal.reduce_only,
        mark=float(view.mid[place]),
        mark_seq=belief.mark_seq,
        mark_age_s=seconds(case.at_ns - int(view.tick_ns[place])),
        mu=float(slate.mu[column]) if slate is not None else float("nan"),
        sigma=float(slate.sigma[column]) if slate is not None else float("nan"),
        horizon_s=slate.horizon_s if slate is not None else 0.0,
        notional=proposal.quantity * proposal.limit,
        cvar_before=weighed.before.cvar,
        cvar_after=weighed.after.cvar,
        cvar_max=cvar_max,
        expires_ns=expires_ns,
        instrument_version=view.instruments[place].version,
        based_on=based_on,
    )


def refusal_of(decision: int, refused: Refused, based_on: tuple[int, ...]) -> Refusal:
    """What was not let through, with every reason."""
    proposal = refused.proposal
    return Refusal(
        decision=decision,
        leg=proposal.leg,
        symbol=proposal.symbol,
        side=proposal.side,
        reasons=refused.reasons,
        based_on=based_on,
    )


class Sizing(NamedTuple):
    """How a decision was sized, how it would have been without a plan, and what became of the plan ("" for none)."""

    draft: Draft
    alone: Draft
    plan: str


def verdict_of(decision: int, weighed: Weighed, room: Room, sizing: Sizing, based_on: tuple[int, ...]) -> Verdict:
    """The tail of the whole book around a decision, with what cut its budget, and what a plan did for it."""
    before, after, budgets = weighed.before, weighed.after, room.budgets
    return Verdict(
        decision=decision,
        intents=len(weighed.passed),
        refusals=len(weighed.refused),
        cvar_before=before.cvar,
        cvar_after=after.cvar,
        cvar_max=budgets.cvar,
        var_after=after.var,
        scenarios=after.rows,
        multiplier=room.multipliers.budget,
        based_on=based_on,
        cvar_slow_before=before.slow,
        cvar_slow_after=after.slow,
        cvar_slow_max=budgets.slow,
        deviation_after=after.deviation,
        deviation_max=budgets.deviation,
        multipliers=room.multipliers.by_name() | {"volatility": sizing.draft.calm},
        plan=sizing.plan,
        edge=sizing.draft.edge,
        edge_alone=sizing.alone.edge,
    )
