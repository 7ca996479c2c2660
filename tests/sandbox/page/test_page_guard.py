"""Which requests the page's server takes, and whose it refuses."""

import pytest

from sandbox.page.guard import guarded, refusal

HERE = "127.0.0.1:8300"


@pytest.mark.parametrize("host", ["127.0.0.1:8300", "localhost:8300", "[::1]:8300", "localhost"])
def test_a_tool_on_this_machine_is_welcome(host: str) -> None:
    assert refusal(host, None) == ""


def test_the_page_itself_is_welcome() -> None:
    assert refusal(HERE, f"http://{HERE}") == ""


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://127.0.0.1:9999", "https://127.0.0.1:8300", "null", ""],
)
def test_another_web_page_is_refused(origin: str) -> None:
    assert refusal(HERE, origin) == "This request comes from another web page, so nothing was done."


@pytest.mark.parametrize(
    "host", ["evil.example:8300", "127.0.0.1.evil.example", "192.168.1.4:8300", "[::1", ""]
)
def test_a_name_that_was_pointed_at_this_machine_is_refused(host: str) -> None:
    assert refusal(host, f"http://{host}").startswith("This workspace answers on 127.0.0.1")


def test_slacks_own_api_is_not_the_guards_business() -> None:
    assert [path for path in ("/", "/control/x", "/events", "/api/auth.test") if guarded(path)] == [
        "/",
        "/control/x",
        "/events",
    ]
