"""The shop's reads: orders, customers, stock."""

from __future__ import annotations

from typing import Any

from sandbox.office.answers import Answer, Asked, Refusal, limit_of, money
from sandbox.office.store import Store

_ORDERS = "SELECT o.*, c.name, c.email FROM orders o JOIN customers c ON c.id = o.customer_id"


def find_order(store: Store, asked: Asked) -> Answer:
    """One order with customer, lines, payments and refunds."""
    return Answer(200, whole_order(store, asked.name))


def search_orders(store: Store, asked: Asked) -> Answer:
    """Orders in which every word of `query` occurs, newest first."""
    fields = "o.number || ' ' || o.channel || ' ' || o.status || ' ' || c.name || ' ' || c.email"
    found = _search(store, _ORDERS, fields, asked, "o.placed_on DESC, o.number DESC")
    return Answer(200, {"orders": [_short(row) for row in found]})


def search_customers(store: Store, asked: Asked) -> Answer:
    """Customers in whom every word of `query` occurs, with the number of their orders."""
    counted = (
        "SELECT c.*, (SELECT count(*) FROM orders o WHERE o.customer_id = c.id) AS orders "
        "FROM customers c"
    )
    found = _search(store, counted, "c.name || ' ' || c.email || ' ' || c.city", asked, "c.name")
    return Answer(200, {"customers": found})


def find_stock(store: Store, asked: Asked) -> Answer:
    """One product by its SKU."""
    return Answer(200, product(store, asked.name))


def search_stock(store: Store, asked: Asked) -> Answer:
    """Products in which every word of `query` occurs."""
    fields = "p.sku || ' ' || p.name || ' ' || p.category"
    found = _search(store, "SELECT p.* FROM products p", fields, asked, "p.sku")
    return Answer(200, {"products": [_product(row) for row in found]})


def whole_order(store: Store, number: str) -> dict[str, Any]:
    """Raises `Refusal` no_such_order."""
    row = store.row(f"{_ORDERS} WHERE o.number = ?", number)
    if row is None:
        raise Refusal(404, "no_such_order", f"There is no order {number}.")
    paid = store.number("SELECT sum(amount) FROM payments WHERE order_number = ?", number)
    refunds = store.rows(
        "SELECT * FROM refunds WHERE order_number = ? AND id NOT IN (SELECT "
        "refund_id FROM cancellations) ORDER BY at, id",
        number,
    )
    lines = store.rows(
        "SELECT l.sku, p.name, l.quantity, l.price FROM lines l JOIN products p ON p.sku = l.sku "
        "WHERE l.order_number = ?",
        number,
    )
    return {
        **_short(row),
        "email": row["email"],
        "paid": money(paid, row["currency"]),
        "refunded": money(sum(refund["amount"] for refund in refunds), row["currency"]),
        "method": row["method"],
        "tracking": row["tracking"],
        "lines": [{**line, "price": money(line["price"], row["currency"])} for line in lines],
        "refunds": [refund["id"] for refund in refunds],
    }


def product(store: Store, sku: str) -> dict[str, Any]:
    """Raises `Refusal` no_such_product."""
    row = store.row("SELECT * FROM products WHERE sku = ?", sku.upper())
    if row is None:
        raise Refusal(404, "no_such_product", f"There is no product {sku}.")
    return _product(row)


def _search(store: Store, select: str, text: str, asked: Asked, order: str) -> list[dict[str, Any]]:
    words = asked.query.get("query", "").split()
    where = " AND ".join([f"instr(lower({text}), lower(?)) > 0"] * len(words)) or "1 = 1"
    limit = limit_of(asked.query)
    return store.rows(f"{select} WHERE {where} ORDER BY {order} LIMIT ?", *words, limit)


def _short(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "number": row["number"],
        "customer": row["name"],
        "channel": row["channel"],
        "status": row["status"],
        "placed_on": row["placed_on"],
        "total": money(row["total"], row["currency"]),
    }


def _product(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "sku": row["sku"],
        "name": row["name"],
        "category": row["category"],
        "price": money(row["price"]),
        "available": row["stock"],
    }
