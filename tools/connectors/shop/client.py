"""The shop's HTTP API, call by call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from pydantic import ValidationError

from tools.connectors.link import Link, Reply
from tools.connectors.shop.shapes import (
    CancellationRecorded,
    CancellationsRecorded,
    Customer,
    Customers,
    Orders,
    OrderShort,
    OrderWhole,
    Product,
    Products,
    Refund,
    RefundKept,
    RefundMade,
    RefundRecorded,
    RefundsRecorded,
    Refusal,
    RestockMade,
    Restocks,
)
from tools.contract import Refused

#: The shop's codes in our words; what is not here is said as the shop says it.
SENTENCES = {
    "already_refunded": "This order was refunded in full already.",
    "amount_exceeds_paid": "This is more than was paid for the order and not yet refunded.",
    "no_such_order": "The shop has no such order.",
    "no_such_product": "The shop has no such product.",
    "not_enough_stock": "There is not that much in stock.",
    "key_used": "The shop knows this request with other contents.",
    "no_such_refund": "The shop has no such refund.",
    "paid_out": "The shop has paid this refund out already, so it cannot be taken back.",
    "already_cancelled": "This refund was taken back already, not by me.",
}


class ShopClient:
    """Calls with a key. Raises `Refused` and `Unavailable`, nothing else."""

    def __init__(self, url: str, key: str, timeout_s: float) -> None:
        bearer = {"Authorization": f"Bearer {key}"}
        self._link = Link("The shop", url, timeout_s, bearer)

    def order(self, number: str) -> OrderWhole:
        return self._link.read(self._get(f"/orders/{quote(number, safe='')}"), OrderWhole)

    def orders(self, query: str, limit: int) -> tuple[OrderShort, ...]:
        reply = self._get("/orders", {"query": query, "limit": str(limit)})
        return self._link.read(reply, Orders).orders

    def customers(self, query: str, limit: int) -> tuple[Customer, ...]:
        reply = self._get("/customers", {"query": query, "limit": str(limit)})
        return self._link.read(reply, Customers).customers

    def products(self, words: str, limit: int) -> tuple[Product, ...]:
        reply = self._get("/stock", {"query": words, "limit": str(limit)})
        return self._link.read(reply, Products).products

    def product(self, sku: str) -> Product:
        return self._link.read(self._get(f"/stock/{quote(sku, safe='')}"), Product)

    def refund(self, args: Refund, key: str) -> RefundMade:
        """The same key and arguments give the same refund, made once."""
        body = {
            "order": args.order,
            "amount": args.amount.minor,
            "currency": args.amount.currency,
            "reason": args.reason,
        }
        reply = self._link.ask("POST", "/refunds", json=body, headers={"Idempotency-Key": key})
        return self._link.read(_granted(reply), RefundMade, wrote=True)

    def refunded(self, number: str) -> RefundKept:
        return self._link.read(self._get(f"/refunds/{quote(number, safe='')}"), RefundKept)

    def cancel_refund(self, number: str, key: str) -> RefundKept:
        """The same key cancels once; a refund that was paid out is refused."""
        path = f"/refunds/{quote(number, safe='')}/cancel"
        reply = self._link.ask("POST", path, headers={"Idempotency-Key": key})
        return self._link.read(_granted(reply), RefundKept, wrote=True)

    def restock(self, sku: str, quantity: int, reference: str) -> RestockMade:
        """Each call restocks again; `restocked` finds it by its reference."""
        body = {"sku": sku, "quantity": quantity, "reference": reference}
        reply = self._link.ask("POST", "/restocks", json=body)
        return self._link.read(_granted(reply), RestockMade, wrote=True)

    def restocked(self, reference: str) -> RestockMade | None:
        found = self._link.read(self._get("/restocks", {"reference": reference}), Restocks)
        return next((one for one in found.restocks if one.reference == reference), None)

    def refunds_since(self, since: datetime) -> tuple[RefundRecorded, ...]:
        """All made with this key, whoever made them."""
        reply = self._get("/refunds", {"since": since.isoformat()})
        return self._link.read(reply, RefundsRecorded).refunds

    def cancellations_since(self, since: datetime) -> tuple[CancellationRecorded, ...]:
        reply = self._get("/cancellations", {"since": since.isoformat()})
        return self._link.read(reply, CancellationsRecorded).cancellations

    def restocks_since(self, since: datetime) -> tuple[RestockMade, ...]:
        reply = self._get("/restocks", {"since": since.isoformat()})
        return self._link.read(reply, Restocks).restocks

    def _get(self, path: str, params: Mapping[str, str] | None = None) -> Reply:
        return _granted(self._link.ask("GET", path, params=params))


def _granted(reply: Reply) -> Reply:
    """The reply when it says yes. Raises `Refused` with the shop's code."""
    if reply.status < 300:
        return reply
    try:
        error = Refusal.model_validate_json(reply.body).error
    except ValidationError:
        raise Refused(f"The shop refused this (status {reply.status}).") from None
    raise Refused(SENTENCES.get(error.code, f"The shop says: {error.message}"), code=error.code)
