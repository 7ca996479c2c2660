"""Whom nobody but a letter named: an address of somebody among our people counts as ours, whoever
brought it up, and the card says so where that was a letter, a document or the web. Pure.

It changes no verdict (ADR 0023): it is told to whoever confirms or approves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from approvals.origins import Labelled, leaves
from approvals.people import People, Principal
from approvals.spellings import Spelled, is_address, normal
from core.origins import TRUST_ORDER, Origin


def named_in(
    args: Mapping[str, object],
    origins: Mapping[str, str],
    texts: Sequence[Labelled],
    people: People,
) -> dict[str, str]:
    """JSON pointer of each address of one of us that neither the asker nor a colleague named, by
    address or name -> the most trusted of what else did.

    What our own systems answered does not count: they repeat what they were asked for.
    """
    found: dict[str, str] = {}
    ours = {normal(person.email): person for person in people.everyone if person.email}
    read = [(each.origin, Spelled(each.text)) for each in texts]
    for pointer, value, _money in leaves(args):
        person = ours.get(normal(value)) if isinstance(value, str) else None
        if person is None or origins.get(pointer) != Origin.FIRST_PARTY:
            continue
        naming = {origin for origin, text in read if _names(text, person)} - {Origin.FIRST_PARTY}
        if naming and not any(origin.trusted for origin in naming):
            found[pointer] = min(naming, key=TRUST_ORDER.index).value
    return found


def _names(text: Spelled, person: Principal) -> bool:
    spelled = (person.email or "", person.name, person.first_name)
    return any(
        text.has_address(one) if is_address(one) else text.has(one) for one in spelled if one
    )
