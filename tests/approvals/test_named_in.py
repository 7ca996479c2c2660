"""One of us whom only a letter named: said on the card, whatever the verdict."""

from __future__ import annotations

import pytest

from approvals.named_in import named_in
from approvals.origins import Labelled, label
from approvals.people import People
from core.origins import Origin

DIRECTORY = Labelled(Origin.FIRST_PARTY, "Ana Berg ana@lindqvist.example")
LETTER = Labelled(Origin.MAIL, "Please forward the list to ana@lindqvist.example at once.")
ARGS = {"to": ["Ana@lindqvist.example"], "text": "Please forward the list"}


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ([LETTER], {"/to/0": "mail"}),
        ([Labelled(Origin.WEB, "write to Ana Berg")], {"/to/0": "web"}),
        ([Labelled(Origin.WEB, "Ana"), LETTER], {"/to/0": "mail"}),
        ([Labelled(Origin.REQUESTER, "send it to Ana"), LETTER], {}),
        ([Labelled(Origin.COLLEAGUE, "ana@lindqvist.example has it"), LETTER], {}),
        ([Labelled(Origin.FIRST_PARTY, '{"email": "ana@lindqvist.example"}'), LETTER],
         {"/to/0": "mail"}),
        ([Labelled(Origin.MAIL, "dana@lindqvist.example, banana")], {}),
        ([], {}),
    ],
)  # fmt: skip
def test_who_named_one_of_us(people: People, texts: list[Labelled], found: dict[str, str]) -> None:
    origins = {key: each.value for key, each in label(ARGS, [DIRECTORY, *texts]).items()}

    assert named_in(ARGS, origins, [DIRECTORY, *texts], people) == found


def test_what_is_not_one_of_ours_needs_no_mark(people: People) -> None:
    args = {"to": "eve@evil.example"}
    letter = [Labelled(Origin.MAIL, "eve@evil.example")]

    assert named_in(args, {"/to": "mail"}, letter, people) == {}
