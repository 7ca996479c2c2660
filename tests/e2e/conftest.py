"""One practice office for tests that only talk to it; those that break things start their own, and
each module of browser tests has one with its page open."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser import chromium
from tests.e2e.compared import compared
from tests.e2e.demo import Demo
from tests.e2e.screen import Screen


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A running `signoff demo`, shared by the tests of one worker."""
    office = Demo(tmp_path_factory.mktemp("office") / "with a space")
    with compared(office):
        yield office


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    office = Demo(tmp_path_factory.mktemp("office"))
    with compared(office), chromium() as browser:
        yield Screen(office, browser)


@pytest.fixture
def page(screen: Screen) -> Iterator[Page]:
    """The page as Ana, in #support."""
    with screen.page() as page:
        yield page
