"""The hint beside the refund sample, step by step."""

from dataclasses import replace

from sandbox.page.guide import AWAY, Hint, hint
from sandbox.page.posts import Author, Post
from sandbox.page.scene import Channel, Person, Scene

ANA = Person("U0ANA", "Ana Berg", "support", "", "UTC", guest=False)
FINN = Person("U0FINN", "Finn Aalto", "finance", "", "UTC", guest=False)
SUPPORT = Channel("C0SUPPORT", "support", ("U0ANA", "U0FINN"))
BUTTONS = {"type": "actions", "elements": [{"type": "button", "style": "primary"}]}

ASKED = Post(
    channel="C0SUPPORT",
    ts="1.1",
    time="12:00",
    author=Author("Ana Berg", "AB", 1, is_app=False),
    text="<@U0SIGNOFF> Refund order 4711, EUR 180",
    blocks=(),
    reactions=(),
    replies=1,
    edited=False,
    ephemeral=False,
    open=True,
)
CARD = replace(
    ASKED, ts="1.2", author=Author("Signoff", "S", 0, is_app=True), blocks=(BUTTONS,), open=False
)
REFUSAL = replace(CARD, ts="1.3", blocks=(), ephemeral=True, text="You asked for this yourself.")

SCENE = Scene(
    me=ANA,
    people=(ANA, FINN),
    channels=(SUPPORT,),
    directs=(),
    channel=SUPPORT,
    tab="",
    thread_ts="1.1",
    messages=(ASKED,),
    earlier=0,
    replies=(CARD,),
    work=None,
    home=None,
    connected=True,
    shortcuts={},
)


def test_with_the_card_the_asker_is_told_to_try() -> None:
    assert hint(SCENE) == Hint("Try approving as Ana.", plug=True)


def test_after_the_refusal_the_way_to_the_approver_is_shown() -> None:
    refused = replace(SCENE, replies=(CARD, REFUSAL))

    assert hint(refused) == Hint("Ana may not approve this. Somebody from Finance may.", FINN)


def test_the_approver_is_offered_the_plug() -> None:
    assert hint(replace(SCENE, me=FINN)) == Hint(
        "You may approve this. Pull the plug first if you want to see it survive.", plug=True
    )


def test_a_decided_card_needs_no_hint() -> None:
    assert hint(replace(SCENE, replies=(replace(CARD, blocks=()),))) is None


def test_another_thread_needs_no_hint() -> None:
    other = replace(ASKED, text="Where is order 4711?")

    assert hint(replace(SCENE, messages=(other,))) is None
    assert hint(replace(SCENE, messages=(replace(ASKED, open=False),))) is None


def test_an_app_that_is_away_is_named() -> None:
    assert hint(replace(SCENE, connected=False)) == Hint(AWAY)
