from __future__ import annotations

from approvals.origins import label
from core.origins import Origin
from graphs.runtime.evidence import make_evidence
from graphs.runtime.status import status
from tests.graphs.office import DONE, FIND, REFUND, TEAM, Office, calls


def test_texts_of_a_turn_carry_who_wrote_them(office: Office) -> None:
    both = calls(
        ("shop__find_order", {"order": "4711"}), ("shop__refund", {"order": "1", "minor": 1})
    )
    office.model.script(both, match="refund")
    context = (
        {"author": "Ana Berg", "author_id": "ana", "trusted": True, "text": "mine", "ts": "1.1"},
        {"author": "Finn Aalto", "author_id": "finn", "trusted": True, "text": "his", "ts": "1.2"},
        {"author": "a bot", "author_id": "slack:U9", "trusted": False, "text": "its", "ts": "1.3"},
    )
    turn = office.say("refund order 4711", context=context)
    office.runner().run(turn.id)
    found, asked = office.actions(turn.id)
    office.settle(found.id)
    evidence = make_evidence(office.people, office.registry)

    with office.db.read() as session:
        texts = evidence(session, asked)

    said = [(each.origin, each.text) for each in texts]
    assert said[:4] == [
        (Origin.REQUESTER, "refund order 4711"),
        (Origin.REQUESTER, "mine"),
        (Origin.COLLEAGUE, "his"),
        (Origin.WEB, "its"),
    ]
    assert said[4] == (
        Origin.FIRST_PARTY,
        '{"text": "shipped"}',
    )
    assert (Origin.FIRST_PARTY, "Finn Aalto finn@lindqvist.example") in said


def test_what_was_recalled_keeps_the_origin_it_was_kept_with(office: Office) -> None:
    both = calls(
        ("shop__find_order", {"order": "4711"}), ("shop__refund", {"order": "1", "minor": 1})
    )
    office.model.script(both, match="refund")
    turn = office.say("refund what the note says")
    office.runner().run(turn.id)
    found, asked = office.actions(turn.id)
    kept = {"source": "notes", "text": "refund order 9001"}
    office.settle(found.id, outcome={"status": "succeeded", "result": kept, "origin": "mail"})

    with office.db.read() as session:
        texts = make_evidence(office.people, office.registry)(session, asked)

    assert label({"order": "9001"}, texts) == {"/order": Origin.MAIL}


def test_earlier_requests_count_as_their_authors_words(office: Office) -> None:
    office.model.script({"content": "Hi."}, {"content": "Hi."}, REFUND)
    runner = office.runner()
    first = office.say("order 4711 please")
    runner.run(first.id)
    second = office.say("make it EUR 200", who="finn", thread_ts=first.message_ts)
    runner.run(second.id)
    third = office.say("refund it", thread_ts=first.message_ts)
    runner.run(third.id)
    [action] = office.actions(third.id)

    with office.db.read() as session:
        texts = make_evidence(office.people, office.registry)(session, action)

    assert [(each.origin, each.text) for each in texts[:3]] == [
        (Origin.REQUESTER, "refund it"),
        (Origin.COLLEAGUE, "make it EUR 200"),
        (Origin.REQUESTER, "order 4711 please"),
    ]


def test_status_says_what_is_being_done_and_what_it_waits_for(office: Office) -> None:
    office.model.script(REFUND, match="refund")
    office.model.script(FIND, DONE, match="where")
    runner = office.runner()
    waiting = office.say("refund order 4711")
    runner.run(waiting.id)
    office.settle(office.actions(waiting.id)[0].id, "awaiting")
    office.say("hello there", channel="C0FINANCE")
    ended = office.say("where is 4711?")
    runner.run(ended.id)
    office.settle(office.actions(ended.id)[0].id)
    runner.run(ended.id)

    with office.db.read() as session:
        doing = status(
            session, office.people, workspace_id=TEAM, principal_id="finn", channel="C0SUPPORT"
        )
        own = status(session, office.people, workspace_id=TEAM, principal_id="ana", channel="D0ANA")

    assert [(one.line, one.waiting) for one in doing] == [
        (
            "Ana asked: “refund order 4711” (waiting for a person)",
            ("Refund an order asks a person",),
        )
    ]
    assert [one.line for one in own] == [
        "Ana asked: “refund order 4711” (waiting for a person)",
        "Ana asked: “hello there” (not begun yet)",
    ]


def test_an_order_looked_up_because_a_letter_named_it_stays_the_letters(office: Office) -> None:
    both = calls(
        ("shop__find_order", {"order": "4711"}), ("shop__refund", {"order": "4711", "minor": 1})
    )
    office.model.script(both, match="letter")
    turn = office.say("do what the letter says")
    office.runner().run(turn.id)
    found, asked = office.actions(turn.id)
    office.settle(found.id, outcome={"status": "succeeded", "result": {"text": "4711"}})

    with office.db.read() as session:
        texts = make_evidence(office.people, office.registry)(session, asked)

    assert label({"order": "4711"}, texts) == {"/order": Origin.MODEL}


def test_what_was_found_for_an_earlier_message_counts_as_it_did_then(office: Office) -> None:
    office.model.script(FIND, DONE, match="where")
    office.model.script(REFUND, match="refund")
    runner = office.runner()
    first = office.say("where is Mara's tent?")
    runner.run(first.id)
    office.settle(
        office.actions(first.id)[0].id,
        outcome={"status": "succeeded", "result": {"text": "TENT-9"}},
    )
    runner.run(first.id)
    second = office.say("refund it", thread_ts=first.message_ts)
    runner.run(second.id)

    with office.db.read() as session:
        [action] = office.actions(second.id)
        texts = make_evidence(office.people, office.registry)(session, action)

    assert label({"sku": "TENT-9"}, texts) == {"/sku": Origin.FIRST_PARTY}
