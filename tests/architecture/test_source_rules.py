"""Every rule, over the whole product; the message says where and what to do instead."""

from collections.abc import Callable, Iterator

import pytest

from tests.architecture import calls, order, ratchet, shape
from tests.architecture.source import PRODUCT, REPOSITORY, Source, sources

Rule = Callable[[Source], Iterator[str]]

RULES: tuple[Rule, ...] = (
    calls.no_clock_in_the_core,
    calls.no_chance_in_the_core,
    calls.no_threads_in_the_core,
    calls.no_hash_of_text,
    calls.no_treacherous_asyncio,
    order.no_walk_over_a_set,
    shape.only_the_shells_await,
    shape.only_the_supervision_catches_everything,
    shape.files_are_short,
    shape.functions_fit_a_screen,
    shape.every_module_says_its_promise,
    shape.names_say_something,
    shape.third_parties_are_few,
)


@pytest.fixture(scope="module")
def product() -> list[Source]:
    return sources(*PRODUCT)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_product_keeps(rule: Rule, product: list[Source]) -> None:
    findings = [finding for source in product for finding in rule(source)]

    assert not findings, "\n" + "\n".join(findings)


def test_there_is_a_product_to_look_at(product: list[Source]) -> None:
    assert {source.package for source in product} == set(PRODUCT)


def test_the_ratchet_names_only_what_still_needs_it(product: list[Source]) -> None:
    by_path = {source.path: source for source in product}
    too_generous = [
        path
        for path, allowed in ratchet.FILE_LINES.items()
        if path not in by_path or shape.code_lines(by_path[path], by_path[path].tree) < allowed
    ]

    assert too_generous == []


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {source.path.rsplit("/", 1)[0] for source in sources("tests")}
    assert sorted(folder for folder in folders if not (REPOSITORY / folder / "__init__.py").exists()) == []
