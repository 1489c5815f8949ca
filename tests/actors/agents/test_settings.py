import pytest

from actors.agents.settings import AgentSettings


def test_a_prior_beyond_what_any_agent_may_earn_is_refused():
    with pytest.raises(ValueError, match=r"agent mine: prior was 0\.2, expected -0\.1 to 0\.1"):
        AgentSettings(name="mine", horizon_s=60.0, prior=0.2, label_s=1.0)
