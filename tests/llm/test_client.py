from __future__ import annotations

import pytest

from core.errors import ModelError
from llm.client import Models
from llm.sending import ModelRefused
from tests.llm.rehearsal import Rehearsal

ASK = [{"role": "user", "content": "hello there"}]
FIND = {
    "name": "shop.find_order",
    "description": "Find one order by its number.",
    "parameters": {
        "type": "object",
        "properties": {"order": {"type": "string"}},
        "required": ["order"],
        "additionalProperties": False,
    },
}


def call(name: str, arguments: object) -> dict[str, object]:
    return {"tool_calls": [{"name": name, "arguments": arguments}]}


def test_words_come_back_with_tokens_and_cost(models: Models, rehearsal: Rehearsal) -> None:
    rehearsal.script({"content": "Good morning."})

    answer = models.complete(ASK, [FIND], "small")

    assert (answer.content, answer.calls, answer.problems) == ("Good morning.", (), ())
    assert answer.model == "rehearsal-small"
    assert answer.input_tokens > 0
    assert answer.output_tokens > 0
    assert answer.cost_micros == 0


def test_a_call_comes_back_under_the_tools_own_name(models: Models, rehearsal: Rehearsal) -> None:
    rehearsal.script(call("shop__find_order", {"order": "4711"}))

    answer = models.complete(ASK, [FIND], "small")

    assert [(one.tool, one.args) for one in answer.calls] == [
        ("shop.find_order", {"order": "4711"})
    ]
    assert rehearsal.calls()[0]["tools"] == ["shop__find_order"]


def test_parallel_calls_keep_their_order(models: Models, rehearsal: Rehearsal) -> None:
    two = [{"name": "shop__find_order", "arguments": {"order": n}} for n in ("4711", "4712")]
    rehearsal.script({"tool_calls": two})

    answer = models.complete(ASK, [FIND], "large")

    assert [one.args["order"] for one in answer.calls] == ["4711", "4712"]
    assert len({one.id for one in answer.calls}) == 2


@pytest.mark.parametrize(
    ("name", "arguments", "problem"),
    [
        ("shop__nothing", {}, "There is no tool 'shop__nothing'."),
        (
            "shop__find_order",
            '{"order": ',
            "The arguments for shop__find_order cannot be used: they are not valid JSON.",
        ),
        (
            "shop__find_order",
            "[1]",
            "The arguments for shop__find_order cannot be used: they are not a JSON object.",
        ),
        (
            "shop__find_order",
            {},
            "The arguments for shop__find_order cannot be used: order is missing.",
        ),
        (
            "shop__find_order",
            {"order": "1", "sql": "x"},
            "The arguments for shop__find_order cannot be used: it takes no sql.",
        ),
        (
            "shop__find_order",
            '{"order": NaN}',
            "The arguments for shop__find_order cannot be used: they are not valid JSON.",
        ),
        (
            "shop__find_order",
            {"order": 1.5},
            "The arguments for shop__find_order cannot be used: numbers must be whole; "
            "money is counted in cents.",
        ),
    ],
)
def test_what_cannot_be_used_is_a_problem_and_never_a_call(
    models: Models, rehearsal: Rehearsal, name: str, arguments: object, problem: str
) -> None:
    rehearsal.script(call(name, arguments))

    answer = models.complete(ASK, [FIND], "small")

    assert answer.calls == ()
    assert answer.problems == (problem,)


def test_an_empty_answer_is_a_problem(models: Models, rehearsal: Rehearsal) -> None:
    rehearsal.script({"content": ""})

    assert models.complete(ASK, [], "small").problems == ("The answer was empty.",)


def test_text_that_databases_refuse_is_made_storable(models: Models, rehearsal: Rehearsal) -> None:
    rehearsal.script(call("shop__find_order", '{"order": "47\\u000011 \\ud800"}'))

    assert models.complete(ASK, [FIND], "small").calls[0].args == {"order": "47\ufffd11 \ufffd"}


@pytest.mark.parametrize("kind", ["rate_limit", "error", "cut"])
def test_a_passing_fault_is_tried_again(models: Models, rehearsal: Rehearsal, kind: str) -> None:
    rehearsal.script({"content": "Now."})
    rehearsal.fault(kind, times=2)

    assert models.complete(ASK, [], "small").content == "Now."
    assert len(rehearsal.calls()) == 3


def test_a_lasting_fault_ends_in_a_sentence_for_people(
    models: Models, rehearsal: Rehearsal
) -> None:
    rehearsal.fault("error", times=9)

    with pytest.raises(ModelError) as failed:
        models.complete(ASK, [], "small")

    assert failed.value.sentence == (
        "The language model cannot be reached right now. Please try again in a minute."
    )
    assert "sk-not" not in str(failed.value)
    assert len(rehearsal.calls()) == 3


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (401, "does not accept our key. The owner needs to check OPENAI_API_KEY."),
        (400, "The language model refused this request."),
    ],
)
def test_what_cannot_get_better_is_not_tried_again(
    models: Models, rehearsal: Rehearsal, status: int, sentence: str
) -> None:
    rehearsal.script({"status": status, "message": "sk-not-to-be-seen is wrong"})

    with pytest.raises(ModelRefused) as failed:
        models.complete(ASK, [], "small")

    assert sentence in failed.value.sentence
    assert "sk-not" not in failed.value.sentence
    assert len(rehearsal.calls()) == 1


def test_nobody_at_the_address_is_a_model_error() -> None:
    from pathlib import Path

    from llm.config import ModelsConfig
    from llm.sending import Retries

    config = ModelsConfig.load(Path("config/models.yaml"), profile="rehearsal")
    lonely = Models(
        config,
        api_key="x",
        base_url="http://127.0.0.1:9/v1",
        retries=Retries(attempts=2, base_s=0.01),
    )

    with pytest.raises(ModelError):
        lonely.complete(ASK, [], "small")

    lonely.close()


def test_vectors_come_back_in_the_order_of_the_texts(models: Models) -> None:
    one, two, again = models.embed(["order 4711", "holiday", "order 4711"])

    assert one == again
    assert one != two
    assert models.embed([]) == []
