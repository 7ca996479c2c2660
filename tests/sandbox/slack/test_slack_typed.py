"""What a person types, as the app receives it."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.slack.people import EVERYONE, GROUPS
from sandbox.slack.typed import as_sent

PEOPLE = {person.id: person for person in EVERYONE}


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("Hello", "Hello"),
        ("@Signoff hello", "<@U0SIGNOFF> hello"),
        ("hey @signoff, hello", "hey <@U0SIGNOFF>, hello"),
        ("<@U0SIGNOFF> hello", "<@U0SIGNOFF> hello"),
        ("see <#C0SUPPORT>", "see <#C0SUPPORT>"),
        ("ask @Ana and @finn", "ask <@U0ANA> and <@U0FINN>"),
        ("@Signoffs and @an", "@Signoffs and @an"),
        ("@Finance-team, please", "<!subteam^S0FINANCE>, please"),
        ("<!subteam^S0SALES> and <!here>", "<!subteam^S0SALES> and &lt;!here&gt;"),
        ("@former-team", "@former-team"),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("<!channel>", "&lt;!channel&gt;"),
        (
            "mail ana@lindqvist.example.",
            "mail <mailto:ana@lindqvist.example|ana@lindqvist.example>.",
        ),
        ("x@ana.example", "<mailto:x@ana.example|x@ana.example>"),
        ("see https://x.example/a?b=1.", "see <https://x.example/a?b=1>."),
        ("https://u@x.example/", "<https://u@x.example/>"),
        ("", ""),
    ],
)
def test_typed_text_is_sent_as_slack_sends_it(typed: str, sent: str) -> None:
    assert as_sent(typed, PEOPLE, GROUPS) == sent


@given(st.text(alphabet=st.sampled_from("<>&@#!|ab.: Signof/htps"), max_size=60))
def test_nothing_typed_becomes_markup_of_another_kind(typed: str) -> None:
    sent = as_sent(typed, PEOPLE)

    marks = re.findall(r"<([^<>]*)>", sent)
    assert all(re.match(r"@[A-Z0-9]+$|#[A-Z0-9]+$|https?://|mailto:", mark) for mark in marks)
    assert sent.count("<") == sent.count(">") == len(marks)


@given(st.text(alphabet=st.characters(exclude_characters="@:", codec="utf-8"), max_size=60))
def test_plain_text_comes_back_when_unescaped(typed: str) -> None:
    unescaped = typed.replace("<#", "").replace("&", "")

    assert html.unescape(as_sent(unescaped, PEOPLE)) == unescaped
