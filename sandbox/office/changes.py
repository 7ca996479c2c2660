"""The shop's writes: refunds (with idempotency keys) and restocks (found by their reference)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sandbox.office.answers import Answer, Asked, Refusal, money
from sandbox.office.shop import product, whole_order
from sandbox.office.store import Store

#: How long the shop remembers an idempotency key.
KEY_LIFE = timedelta(hours=24)
#: How long a refund is `pending`: until then it can be taken back.
PAID_AFTER = timedelta(minutes=30)
_REFUNDS = (
    "SELECT r.*, c.at AS cancelled_at, c.key AS cancelled_by FROM refunds r "
    "LEFT JOIN cancellations c ON c.refund_id = r.id"
)


def refund(store: Store, asked: Asked) -> Answer:
    """Pays money back. The same `Idempotency-Key` and body give the stored answer and no second
    refund; another body under the same key is 409."""
    known = _known(store, asked)
    if known:
        return known
    try:
        answer = _new_refund(store, asked)
    except Refusal as refusal:
        answer = refusal.answer()
    if asked.key:
        store.write("DELETE FROM keys WHERE key = ?", asked.key)
        store.insert(
            "keys",
            key=asked.key,
            digest=_digest(asked.body),
            status=answer.status,
            answer=json.dumps(answer.body),
            at=asked.at.isoformat(),
        )
    return answer


def cancel_refund(store: Store, asked: Asked) -> Answer:
    """Takes a refund back as long as it is `pending`. The same `Idempotency-Key` again gives the
    same answer and changes nothing; under another key it is refused."""
    row = _refund_row(store, asked.name)
    if row["cancelled_at"]:
        if asked.key and row["cancelled_by"] == asked.key:
            return Answer(200, _refund(row, asked.at))
        raise Refusal(422, "already_cancelled", f"Refund {asked.name} was cancelled before.")
    if _status(row, asked.at) == "paid":
        raise Refusal(422, "paid_out", f"Refund {asked.name} was paid out already.")
    store.insert("cancellations", refund_id=asked.name, key=asked.key, at=asked.at.isoformat())
    return Answer(200, _refund(_refund_row(store, asked.name), asked.at), effect=True)


def find_refund(store: Store, asked: Asked) -> Answer:
    """One refund by its number."""
    return Answer(200, _refund(_refund_row(store, asked.name), asked.at))


def list_refunds(store: Store, asked: Asked) -> Answer:
    """Refunds of one order; or, with `since`, all made here from then on, with keys."""
    if "since" in asked.query:
        return Answer(200, {"refunds": _made_since(store, asked)})
    number = asked.query.get("order", "")
    rows = store.rows(f"{_REFUNDS} WHERE r.order_number = ? ORDER BY r.at, r.id", number)
    return Answer(200, {"refunds": [_refund(row, asked.at) for row in rows]})


def list_cancellations(store: Store, asked: Asked) -> Answer:
    """All refunds taken back from `since` on, with keys."""
    rows = store.rows(
        f"{_REFUNDS} WHERE c.at >= ? ORDER BY c.at, r.id", asked.query.get("since", "")
    )
    return Answer(200, {"cancellations": [_cancellation(row) for row in rows]})


def restock(store: Store, asked: Asked) -> Answer:
    """Puts goods on the shelf, or takes them off with a negative quantity. No idempotency key:
    asked twice it happens twice; `reference` is how one is found again."""
    sku = _text(asked.body, "sku").upper()
    quantity, reference = asked.body.get("quantity"), _text(asked.body, "reference")
    if not isinstance(quantity, int) or isinstance(quantity, bool) or quantity == 0:
        raise Refusal(422, "bad_quantity", "quantity must be a whole number other than 0.")
    after = product(store, sku)["available"] + quantity
    if after < 0:
        raise Refusal(422, "not_enough_stock", f"There are only {after - quantity} of {sku}.")
    number = store.number("SELECT count(*) FROM restocks") + 1
    store.write("UPDATE products SET stock = ? WHERE sku = ?", after, sku)
    row = {
        "id": f"rs_{number}",
        "sku": sku,
        "quantity": quantity,
        "reference": reference,
        "at": asked.at.isoformat(),
        "stock_after": after,
    }
    store.insert("restocks", **row)
    return Answer(201, row, effect=True)


def list_restocks(store: Store, asked: Asked) -> Answer:
    """Restocks with this reference; or, with `since`, all from then on."""
    if "since" in asked.query:
        since = asked.query["since"]
        rows = store.rows("SELECT * FROM restocks WHERE at >= ? ORDER BY at, id", since)
        return Answer(200, {"restocks": rows})
    reference = asked.query.get("reference", "")
    rows = store.rows("SELECT * FROM restocks WHERE reference = ? ORDER BY at, id", reference)
    return Answer(200, {"restocks": rows})


def _made_since(store: Store, asked: Asked) -> list[dict[str, Any]]:
    kept = store.rows("SELECT key, answer FROM keys WHERE status = 201")
    keys = {json.loads(row["answer"])["id"]: row["key"] for row in kept}
    made = f"{_REFUNDS} WHERE r.seeded = 0 AND r.at >= ? ORDER BY r.at, r.id"
    rows = store.rows(made, asked.query["since"])
    return [{**_refund(row, asked.at), "key": keys.get(row["id"])} for row in rows]


def _known(store: Store, asked: Asked) -> Answer | None:
    kept = store.row("SELECT * FROM keys WHERE key = ?", asked.key)
    if kept is None or asked.at - datetime.fromisoformat(kept["at"]) > KEY_LIFE:
        return None
    if kept["digest"] != _digest(asked.body):
        raise Refusal(409, "key_used", "This key was used for a different request.")
    return Answer(kept["status"], json.loads(kept["answer"]))


def _new_refund(store: Store, asked: Asked) -> Answer:
    number, amount = _text(asked.body, "order"), asked.body.get("amount")
    currency = _text(asked.body, "currency")
    if not isinstance(amount, int) or isinstance(amount, bool) or amount <= 0:
        raise Refusal(422, "bad_amount", "amount must be a whole number above 0.")
    if store.row("SELECT 1 FROM orders WHERE number = ?", number) is None:
        raise Refusal(422, "no_such_order", f"There is no order {number}.")
    _check_amount(whole_order(store, number), amount, currency)
    count = store.number("SELECT count(*) FROM refunds")
    row = {
        "id": f"re_{count + 1}",
        "order_number": number,
        "amount": amount,
        "currency": currency,
        "reason": _text(asked.body, "reason"),
        "at": asked.at.isoformat(),
    }
    store.insert("refunds", **row, seeded=0)
    return Answer(201, _refund(_refund_row(store, f"re_{count + 1}"), asked.at), effect=True)


def _check_amount(order: Mapping[str, Any], amount: int, currency: str) -> None:
    paid, refunded = order["paid"]["minor"], order["refunded"]["minor"]
    if currency != order["paid"]["currency"]:
        raise Refusal(422, "wrong_currency", f"The order was paid in {order['paid']['currency']}.")
    if paid and refunded >= paid:
        raise Refusal(422, "already_refunded", "This order was refunded in full already.")
    if amount > paid - refunded:
        raise Refusal(422, "amount_exceeds_paid", "This is more than was paid and not refunded.")


def _refund(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "id": row["id"],
        "order": row["order_number"],
        "amount": money(row["amount"], row["currency"]),
        "reason": row["reason"],
        "at": row["at"],
        "status": _status(row, now),
    }


def _refund_row(store: Store, number: str) -> dict[str, Any]:
    row = store.row(f"{_REFUNDS} WHERE r.id = ?", number)
    if row is None:
        raise Refusal(404, "no_such_refund", f"There is no refund {number}.")
    return row


def _cancellation(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "refund": row["id"],
        "order": row["order_number"],
        "amount": money(row["amount"], row["currency"]),
        "key": row["cancelled_by"],
        "at": row["cancelled_at"],
    }


def _status(row: Mapping[str, Any], now: datetime) -> str:
    """`pending` until the money leaves, then `paid`; `cancelled` when it was taken back before."""
    if row["cancelled_at"]:
        return "cancelled"
    return "paid" if now - datetime.fromisoformat(row["at"]) >= PAID_AFTER else "pending"


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(dict(body), sort_keys=True).encode()).hexdigest()


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Refusal(422, f"no_{name}", f"{name} is missing.")
    return value.strip()
