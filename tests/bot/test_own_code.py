"""Of what a run is made: the product, and whatever a user's profile brings."""

from pathlib import Path

import msgspec

from bot.own_code import identity_here, identity_of
from bot.profile import Profile
from bot.settings import AgentProfile
from tests.kit.worlds import a_profile

AGENT = """
from actors.agents.base import Agent


class Mine(Agent):
    \"\"\"Believes nothing.\"\"\"

    SCALE = {scale}
"""


def with_agent(path: Path) -> Profile:
    own = AgentProfile(kind=str(path), horizon_s=600, prior=0.0, label_s=60)
    return msgspec.structs.replace(a_profile(), agents={"mine": own})


def test_this_process_is_one_thing() -> None:
    assert identity_here() is identity_here()
    assert len(identity_here().code) == 32


def test_a_profile_of_what_is_shipped_brings_no_code() -> None:
    assert identity_of(a_profile()) == identity_here()


def test_a_users_agent_is_part_of_the_code_and_only_its_bytes_count(tmp_path: Path) -> None:
    places = [tmp_path / name / "mine.py" for name in ("first", "second", "changed")]
    for place, scale in zip(places, (1, 1, 2)):
        place.parent.mkdir()
        place.write_text(AGENT.format(scale=scale))
    first, second, changed = (identity_of(with_agent(place)).code for place in places)
    assert first == second
    assert len({identity_here().code, first, changed}) == 3


def test_of_a_package_every_source_counts(tmp_path: Path, monkeypatch) -> None:
    package = tmp_path / "house_of_agents"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "own.py").write_text(AGENT.format(scale=1))
    (package / "numbers.py").write_text("EDGE = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    profile = with_agent(Path("house_of_agents.own:Mine"))
    before = identity_of(profile).code
    (package / "numbers.py").write_text("EDGE = 2\n")
    assert identity_of(profile).code != before
