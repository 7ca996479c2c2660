"""What a settled action teaches the model: results with their origin, refusals in coarse words.

A model never learns who may approve what or which rule stopped it: what it reads may come from
somebody who wants to find out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from approvals.origins import as_money
from approvals.policy.words import approver_words
from approvals.tables import Action
from core.origins import Origin

_COARSE = {
    "denied": "Signoff's policy does not allow this.",
    "expired": "Nobody approved this in time, so nothing was done.",
    "cancelled": "This was cancelled, so nothing was done.",
    "superseded": "This was replaced by a newer request.",
    "unknown": "It is not known whether this happened. A person is looking. Do not try it again.",
}


def observation(action: Action) -> dict[str, Any]:
    """Plain JSON about the newest form of an action, with what people changed of it (`changed`).

    `{"status": "succeeded", "result", "summary", "origin", "warning"?}`, or
    `{"status": "failed", "code", "message"}`, or `{"status", "message"}` for everything else.
    `origin` is a `core.origins.Origin` value: what the result's text counts as.
    """
    changed = _changed(action)
    return _became(action) | ({"changed": changed} if changed else {})


def _became(action: Action) -> dict[str, Any]:
    outcome = action.outcome or {}
    if action.status == "succeeded":
        names = ("status", "result", "summary", "origin", "warning")
        known = {name: outcome[name] for name in names if name in outcome}
        # Settled by a person who looked: there is no result whose words could mislead.
        return {"status": "succeeded", "origin": Origin.FIRST_PARTY.value, **known}
    if action.status == "failed":
        return {
            "status": "failed",
            "code": outcome.get("code", "failed"),
            "message": outcome.get("message", "This could not be done."),
        }
    if action.status == "rejected":
        return {"status": "rejected", "message": f"{_asked(action)} did not approve this."}
    if outcome.get("code") == "together":
        return {"status": action.status, "message": str(outcome["message"])}
    message = _COARSE.get(action.status, "This is not settled yet.")
    return {"status": action.status, "message": message}


def _changed(action: Action) -> str | None:
    """`Whoever decides about this changed amount from EUR 180.00 to EUR 150.00.`"""
    entries = [entry for edit in action.edits or () for entry in edit["changed"]]
    said = [f"{e['argument']} from {_said(e['from'])} to {_said(e['to'])}" for e in entries]
    return f"Whoever decides about this changed {'; '.join(said)}." if said else None


def _said(value: Any) -> str:
    money = as_money(value) if isinstance(value, Mapping) else None
    return str(money) if money else json.dumps(value, ensure_ascii=False)


def _asked(action: Action) -> str:
    stages = (action.verdict or {}).get("stages", ())
    return " and ".join(approver_words(stage["who"]) for stage in stages).capitalize() or "Nobody"
