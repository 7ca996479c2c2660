"""How far one turn may go: each limit ends it visibly, and what was done stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis

from core.errors import ConfigError
from core.money import Money
from graphs.runtime.budget import Budget
from llm.config import Model
from tests.graphs.office import DONE, FIND, ROOT, Office, calls

FILE = ROOT / "config" / "limits.yaml"


def find(order: int) -> dict[str, Any]:
    return calls(("shop__find_order", {"order": str(order)}))


def run_on(office: Office, turn_id: str, done: str = "succeeded") -> str:
    """Run the turn to its end; tools answer at once, each order with a text of its own."""
    runner = office.runner()
    outcome = runner.run(turn_id)
    while outcome == "waiting":
        for action in office.actions(turn_id):
            if action.status == "proposed":
                result = {"source": "shop", "text": f"order {action.args['order']} is shipped"}
                office.settle(action.id, done, {"status": done, "result": result})
        outcome = runner.run(turn_id)
    return outcome


@pytest.mark.parametrize(
    ("limit", "says", "asked"),
    [
        ({"steps": 4}, "I stopped after 4 steps without reaching an answer. Done until", 4),
        (
            {"tool_calls": 3},
            "I stopped after 3 tool calls without reaching an answer. Done",
            3,
        ),
        ({"steps": 1}, "I stopped after 1 step without reaching an answer.", 1),
        ({"tokens": 1}, "tokens of the language model. Done until then: Find an order.", 1),
    ],
)
def test_a_turn_that_reaches_a_limit_fails_with_a_sentence(
    office: Office, limit: dict[str, int], says: str, asked: int
) -> None:
    office.budget = replace(office.budget, **limit)  # type: ignore[arg-type]
    office.model.script(*[find(number) for number in range(20)])
    turn = office.say("where are all orders?")

    outcome = run_on(office, turn.id)

    assert (outcome, office.turn(turn.id).status) == ("failed", "failed")
    assert len(office.model.calls()) == asked
    [notice] = office.posts(turn.id)
    assert notice.kind == "notice"
    assert says in notice.body["text"]
    assert notice.body["text"].endswith(
        "Done until then: Find an order. Nothing further happens. Please ask for a smaller piece. "
        "The owner can change the limit in config/limits.yaml."
    )
    assert {action.status for action in office.actions(turn.id)} == {"succeeded"}
    assert office.open_rows(turn.id) == []


def test_calls_beyond_the_limit_are_not_even_proposed(office: Office) -> None:
    office.budget = replace(office.budget, tool_calls=2)
    three = calls(*[("shop__find_order", {"order": str(number)}) for number in range(3)])
    office.model.script(find(9), three)
    turn = office.say("where are all orders?")

    outcome = run_on(office, turn.id)

    assert outcome == "failed"
    assert len(office.actions(turn.id)) == 1
    assert "would have taken 4 tool calls, and 2 are" in office.posts(turn.id)[0].body["text"]


def test_a_turn_that_has_cost_too_much_ends(office: Office) -> None:
    office.budget = replace(office.budget, cost=Money(1, "USD"))
    office.models.config = office.models.config.model_copy(  # a dear model
        update={"small": Model(model="rehearsal-small", input="1000", output="1000")}
    )
    office.model.script(find(1), find(2))
    turn = office.say("where are 1 and 2?")

    assert run_on(office, turn.id) == "failed"
    assert "has cost USD 0.01 of the language model" in office.posts(turn.id)[0].body["text"]


def test_a_turn_that_works_for_too_long_ends(office: Office) -> None:
    """R46."""
    office.model.script(find(1), find(2), find(3))
    turn = office.say("where are they?")
    runner = office.runner()
    runner.run(turn.id)

    office.clock.advance(timedelta(minutes=59))
    outcome = settle_and_run(office, turn.id)
    office.clock.advance(timedelta(minutes=1))
    late = settle_and_run(office, turn.id)

    assert (outcome, late) == ("waiting", "failed")
    assert "after 60 minutes of work" in office.posts(turn.id)[0].body["text"]


def settle_and_run(office: Office, turn_id: str) -> str:
    for action in office.actions(turn_id):
        if action.status == "proposed":
            office.settle(action.id, outcome={"status": "succeeded", "result": {"text": action.id}})
    return office.runner().run(turn_id)


def test_the_same_call_with_the_same_result_a_third_time_ends_the_turn(office: Office) -> None:
    office.model.script(*([FIND] * 5))
    turn = office.say("where is order 4711?")

    outcome = run_on(office, turn.id)

    assert outcome == "failed"
    assert len(office.model.calls()) == 3
    [notice] = office.posts(turn.id)
    assert notice.body["text"].startswith(
        "I stopped because I was going round in circles: 3 times I asked for “Find an order” "
        "(order 4711), and each time the same came out. Done until then: Find an order."
    )
    assert "4711" not in str(office.turn(turn.id).reason)


def test_twins_within_one_answer_are_no_circle(office: Office) -> None:
    office.model.script(calls(*[("shop__find_order", {"order": "1"})] * 3), DONE)
    turn = office.say("where is order 1?")

    assert run_on(office, turn.id) == "answered"


def test_the_same_call_with_another_result_is_no_circle(office: Office) -> None:
    office.model.script(FIND, FIND, FIND, DONE)
    turn = office.say("is it there yet?")

    outcome = office.runner().run(turn.id)
    while outcome == "waiting":
        outcome = settle_and_run(office, turn.id)

    assert outcome == "answered"


def test_a_rebuilt_turn_comes_to_the_same_limit_without_asking_again(
    office: Office, wipe: redis.Redis
) -> None:
    office.budget = replace(office.budget, steps=2)
    office.model.script(find(1), find(2), find(3))
    turn = office.say("where are they?")
    runner = office.runner()
    runner.run(turn.id)
    settle_and_run(office, turn.id)
    proposed = [action.id for action in office.actions(turn.id)]
    wipe.flushall()

    outcome = settle_and_run(office, turn.id)

    assert outcome == "failed"
    assert len(office.model.calls()) == 2
    assert [action.id for action in office.actions(turn.id)] == proposed


def test_of_an_answer_with_too_many_calls_none_is_proposed(office: Office) -> None:
    office.budget = replace(office.budget, tool_calls=1)
    refund = ("shop__refund", {"order": "1", "minor": 1})
    office.model.script(calls(("shop__find_order", {"order": "1"}), refund))
    turn = office.say("find and refund")

    assert run_on(office, turn.id) == "failed"
    assert office.actions(turn.id) == []


def test_every_turn_names_what_was_in_force(office: Office) -> None:
    office.model.script({"content": "Hello."})
    turn = office.say("hello")
    office.runner().run(turn.id)

    assert office.turn(turn.id).versions == {
        "graph": "assistant@2",
        "prompt": "assistant@1",
        "model": "rehearsal-small",
        "policy": "sha256:p",
        "people": office.people.digest,
        "limits": office.budget.digest,
    }


def test_the_starter_file_says_what_it_means() -> None:
    budget = Budget.load(FILE)

    assert replace(budget, digest="") == Budget(12, 60, 60, 400_000, Money(200, "USD"), 3)
    assert budget.digest.startswith("sha256:")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("steps: 12", "steps: 0"), "line 5: turn.steps"),
        (("2.00 USD", "2.00 EUR"), "line 9: EUR 2.00 is not in USD"),
        (("2.00 USD", "two"), "line 9: 'two' is not an amount with a currency"),
        (("steps: 12", "steps: 12\n  hours: 1"), "line 6: I do not know the key 'hours'"),
    ],
)
def test_a_limit_that_cannot_be_meant_is_refused(
    tmp_path: Path, change: tuple[str, str], says: str
) -> None:
    path = tmp_path / "limits.yaml"
    path.write_text(FILE.read_text().replace(*change))

    with pytest.raises(ConfigError) as refused:
        Budget.load(path)

    assert says in refused.value.sentence


def test_a_limit_on_costs_needs_prices() -> None:
    budget = Budget.load(FILE)
    unpriced = Model(model="own")

    replace(budget, cost=None).require_prices(unpriced, FILE)
    with pytest.raises(ConfigError, match="names no price for own"):
        budget.require_prices(unpriced, FILE)
