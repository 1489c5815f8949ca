"""Rules about what code may call: no clock, chance, thread or hash in the core, no treacherous asyncio anywhere."""

import ast
from collections.abc import Iterator

from tests.architecture.source import Source

CORE = ("contracts/", "quant/", "runtime/", "actors/", "adapters/")
TIME_HOMES = (
    "runtime/clock.py",  # the one reader of the wall clock
    "adapters/simulated/process.py",  # the broker as a process of its own, with a clock of its own
)
THREAD_HOMES = (
    "runtime/httpd.py",  # the same
    "runtime/health.py",  # served beside the loop, so that a scrape costs a decision nothing
    "runtime/watchdog.py",  # must run when the loop does not
    "runtime/simloop.py",  # names the executor it does without
    "adapters/journal/sync_thread.py",  # waits for the disk beside the loop
    "adapters/kafka/beside.py",  # reads Kafka in real time beside a loop that may stand still
    "adapters/kafka/handover.py",  # from there to the loop
    "adapters/workforce.py",  # minds the parent of a worker that is at its work
)
CHANCE_HOMES = (
    "runtime/seeds.py",  # one generator per name, for the bot
    "runtime/control.py",  # names a request, at who asks, outside any turn
    "adapters/simulated/chance.py",  # one generator per place, for the world around it
)
SPAWN_HOMES = (
    "runtime/supervisor.py",  # owns the task table
    "runtime/simloop.py",  # is a loop, and runs there what a real one gives to a thread
    "actors/gateways/order_gateway.py",  # one TaskGroup, never nested, that lives and dies inside its guarded task
)

CLOCK_MODULES = {"time"}
CHANCE_MODULES = {"random", "secrets", "uuid"}
THREAD_MODULES = {"threading", "_thread", "concurrent", "multiprocessing"}
CLOCK_CALLS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
TREACHEROUS = {
    "asyncio.wait_for": "swallows a cancellation on Python 3.11: use asyncio.timeout",
    "asyncio.gather": "hides who failed: one flat task table, through the supervisor's spawn",
    "asyncio.ensure_future": "a task nobody holds is collected: use the supervisor's spawn",
    "create_task": "a task nobody holds is collected: use the supervisor's spawn",
}


def dotted(node: ast.AST) -> str:
    """`a.b.c` of a chain of attributes; the part that is known, when it starts with a call."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(node.id)
    return ".".join(reversed(parts))


def imported(source: Source) -> Iterator[tuple[ast.AST, str]]:
    """Every module that is imported, absolutely, with the node that does it."""
    for node in source.nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node, node.module


def no_clock_in_the_core(source: Source) -> Iterator[str]:
    """The envelope says what time it is; gateways and adapters are given a Clock."""
    if not source.is_in(*CORE) or source.is_in(*TIME_HOMES):
        return
    for node, module in imported(source):
        if module.split(".")[0] in CLOCK_MODULES:
            yield source.at(node, f"imports {module}: ask the envelope, or the Clock you were given")
    for node in source.nodes:
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            if any(name == call or name.endswith("." + call) for call in CLOCK_CALLS):
                yield source.at(node, f"calls {name}(): ask the envelope, or the Clock you were given")


def no_chance_in_the_core(source: Source) -> Iterator[str]:
    """Chance is one numpy Generator per name, from the seeds of the run."""
    if not source.is_in(*CORE) or source.is_in(*CHANCE_HOMES):
        return
    for node, module in imported(source):
        if module.split(".")[0] in CHANCE_MODULES:
            yield source.at(
                node, f"imports {module}: be given a numpy Generator from Seeds, ids from contracts.identity"
            )
    for node in source.nodes:
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            if name.startswith(("np.random.", "numpy.random.")) or name in {"os.urandom", "default_rng"}:
                yield source.at(node, f"calls {name}(): be given a numpy Generator from Seeds")


def no_threads_in_the_core(source: Source) -> Iterator[str]:
    """A turn has one thread; what serves beside the loop is listed by name."""
    if not source.is_in(*CORE) or source.is_in(*THREAD_HOMES):
        return
    for node, module in imported(source):
        if module.split(".")[0] in THREAD_MODULES:
            yield source.at(node, f"imports {module}: nothing in a turn runs beside it")


def no_hash_of_text(source: Source) -> Iterator[str]:
    """`hash(str)` differs from process to process."""
    if not source.is_in(*CORE):
        return
    for node in source.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "hash":
            yield source.at(node, "calls hash(): differs between processes, use hashlib.blake2b")


def no_treacherous_asyncio(source: Source) -> Iterator[str]:
    """The calls that lose a cancellation or a task on Python 3.11."""
    for node in source.nodes:
        if isinstance(node, ast.ImportFrom) and node.module == "asyncio":
            for alias in node.names:
                if f"asyncio.{alias.name}" in TREACHEROUS or alias.name in TREACHEROUS:
                    yield source.at(node, f"imports {alias.name} from asyncio: {why_not(alias.name)}")
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            spawns = name.split(".")[-1] == "create_task" and not source.is_in(*SPAWN_HOMES)
            if spawns or (name in TREACHEROUS and name != "create_task"):
                yield source.at(node, f"calls {name}(): {why_not(name)}")


def why_not(name: str) -> str:
    """The reason for a ban, by full or last name."""
    last = name.split(".")[-1]
    return TREACHEROUS.get(name) or TREACHEROUS.get(f"asyncio.{last}") or TREACHEROUS[last]
