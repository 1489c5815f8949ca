"""A check that cannot fail is a defect: each rule is shown code that breaks it, and code that only looks like it."""

import pytest

from tests.architecture import calls, order, shape
from tests.architecture.source import Source
from tests.architecture.test_source_rules import RULES, Rule

LONG_FUNCTION = "def f():\n" + "    x = 1\n" * 50
LONG_FILE = "x = 1\n" * 251

BROKEN: list[tuple[Rule, str, str]] = [
    (calls.no_clock_in_the_core, "actors/a.py", "import time"),
    (calls.no_clock_in_the_core, "quant/a.py", "from time import monotonic"),
    (calls.no_clock_in_the_core, "contracts/a.py", "import datetime\nx = datetime.datetime.now(tz=None)"),
    (calls.no_clock_in_the_core, "adapters/a.py", "from datetime import date\nx = date.today()"),
    (calls.no_chance_in_the_core, "actors/a.py", "import random"),
    (calls.no_chance_in_the_core, "actors/a.py", "from uuid import uuid4"),
    (calls.no_chance_in_the_core, "quant/a.py", "import numpy as np\nx = np.random.default_rng()"),
    (calls.no_chance_in_the_core, "adapters/a.py", "import os\nx = os.urandom(4)"),
    (calls.no_threads_in_the_core, "actors/a.py", "import threading"),
    (calls.no_threads_in_the_core, "quant/a.py", "from concurrent.futures import ThreadPoolExecutor"),
    (calls.no_hash_of_text, "actors/a.py", "x = hash('BTC-EUR')"),
    (calls.no_treacherous_asyncio, "bot/a.py", "import asyncio\nasync def f(): await asyncio.wait_for(g(), 1)"),
    (calls.no_treacherous_asyncio, "bot/a.py", "from asyncio import wait_for"),
    (calls.no_treacherous_asyncio, "adapters/a.py", "import asyncio\nasync def f(): await asyncio.gather(g())"),
    (calls.no_treacherous_asyncio, "actors/gateways/a.py", "import asyncio\nx = asyncio.create_task(g())"),
    (calls.no_treacherous_asyncio, "actors/gateways/a.py", "x = loop.create_task(g())"),
    (calls.no_treacherous_asyncio, "runtime/a.py", "import asyncio\nx = asyncio.ensure_future(g())"),
    (order.no_walk_over_a_set, "actors/a.py", "for x in {'a', 'b'}: pass"),
    (order.no_walk_over_a_set, "actors/a.py", "x = [y for y in set(z)]"),
    (order.no_walk_over_a_set, "actors/a.py", "x = list(frozenset(z))"),
    (order.no_walk_over_a_set, "actors/a.py", "x = tuple({y for y in z})"),
    (order.no_walk_over_a_set, "actors/a.py", "x = ','.join(set(z))"),
    (order.no_walk_over_a_set, "actors/a.py", "x = set(z) - w\nfor y in x: pass"),
    (order.no_walk_over_a_set, "actors/a.py", "def f(seen: set[str]): return [*seen]"),
    (
        order.no_walk_over_a_set,
        "actors/a.py",
        "class A:\n    s: set[str]\n    def f(self):\n        for x in self.s: pass",
    ),
    (shape.only_the_shells_await, "actors/risk_gate.py", "async def f(): pass"),
    (shape.only_the_shells_await, "quant/a.py", "async def f(): await g()"),
    (shape.only_the_shells_await, "runtime/bus.py", "async def f():\n    async for x in y: pass"),
    (shape.only_the_supervision_catches_everything, "bot/a.py", "try: f()\nexcept Exception: pass"),
    (shape.only_the_supervision_catches_everything, "bot/a.py", "try: f()\nexcept: pass"),
    (shape.only_the_supervision_catches_everything, "bot/a.py", "try: f()\nexcept (KeyError, BaseException): pass"),
    (shape.files_are_short, "bot/a.py", LONG_FILE),
    (shape.functions_fit_a_screen, "bot/a.py", LONG_FUNCTION),
    (shape.every_module_says_its_promise, "bot/a.py", "x = 1"),
    (shape.every_module_says_its_promise, "bot/a.py", '"""something"""'),
    (shape.names_say_something, "bot/a.py", "class OrderManager: pass"),
    (shape.names_say_something, "bot/a.py", "def order_helper(): pass"),
    (shape.names_say_something, "bot/a.py", "def f(utils): pass"),
    (shape.names_say_something, "bot/utils.py", "x = 1"),
    (shape.names_say_something, "bot/a.py", "class A:\n    def __init__(self): self.task_manager = 1"),
    (shape.third_parties_are_few, "quant/a.py", "import msgspec"),
    (shape.third_parties_are_few, "actors/a.py", "from pandas import DataFrame"),
]

SOUND: list[tuple[Rule, str, str]] = [
    (calls.no_clock_in_the_core, "runtime/clock.py", "import time"),
    (calls.no_clock_in_the_core, "actors/a.py", "from datetime import datetime\nx = datetime.fromtimestamp(0)"),
    (calls.no_chance_in_the_core, "runtime/seeds.py", "import numpy as np\nx = np.random.default_rng(1)"),
    (calls.no_chance_in_the_core, "actors/a.py", "import numpy as np\ndef f(g: np.random.Generator): pass"),
    (calls.no_threads_in_the_core, "runtime/health.py", "import threading"),
    (calls.no_hash_of_text, "actors/a.py", "x = hashlib.blake2b(b'')"),
    (calls.no_treacherous_asyncio, "runtime/supervisor.py", "import asyncio\nx = asyncio.create_task(g())"),
    (
        calls.no_treacherous_asyncio,
        "bot/a.py",
        "import asyncio\nasync def f():\n    async with asyncio.timeout(1): pass",
    ),
    (order.no_walk_over_a_set, "actors/a.py", "x = set(z)\nfor y in sorted(x): pass\nw = y in x"),
    (order.no_walk_over_a_set, "actors/a.py", "for y in {'a': 1}: pass"),
    (shape.only_the_shells_await, "actors/gateways/metronome.py", "async def f(): await g()"),
    (shape.only_the_supervision_catches_everything, "runtime/cell.py", "try: f()\nexcept Exception: pass"),
    (shape.only_the_supervision_catches_everything, "bot/a.py", "try: f()\nexcept KeyError: pass"),
    (shape.only_the_supervision_catches_everything, "bot/a.py", "try: f()\nexcept BaseException:\n    g()\n    raise"),
    (shape.files_are_short, "bot/a.py", "# why\n" * 200 + "x = 1\n" * 250),
    (shape.functions_fit_a_screen, "bot/a.py", 'def f():\n    """' + "a\n" * 60 + '"""\n' + "    x = 1\n" * 49),
    (shape.every_module_says_its_promise, "bot/a.py", '"""It does one thing."""'),
    (shape.names_say_something, "bot/a.py", "def utility_of_wealth(): pass\nclass Contextmanager: pass"),
    (shape.third_parties_are_few, "quant/a.py", "import numpy.linalg\nimport math\nfrom contracts import column"),
]


@pytest.mark.parametrize(("rule", "path", "text"), BROKEN)
def test_a_rule_finds_what_breaks_it(rule: Rule, path: str, text: str) -> None:
    findings = list(rule(Source(path, text)))

    assert findings
    assert all(finding.startswith(f"{path}:") for finding in findings)


@pytest.mark.parametrize(("rule", "path", "text"), SOUND)
def test_a_rule_lets_pass_what_only_looks_like_it(rule: Rule, path: str, text: str) -> None:
    assert list(rule(Source(path, text))) == []


def test_every_rule_is_shown_something_broken_and_something_sound() -> None:
    assert {rule for rule, _, _ in BROKEN} == set(RULES)
    assert {rule for rule, _, _ in SOUND} == set(RULES)
