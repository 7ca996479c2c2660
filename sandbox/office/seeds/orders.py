"""Customers, products, orders of three sales channels, payments and refunds."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from sandbox.office.seeds.names import customers
from sandbox.office.seeds.products import products
from sandbox.office.store import Store

CUSTOMERS, ORDERS, REFUNDS = 400, 1_200, 82
FIRST_ORDER = 3_601
#: The order everything in the tour is about, and its neighbour.
MARA, JON = 4_711, 4_712
_CHANNELS = (("webshop", 55), ("marketplace", 30), ("store", 15))
_PAID_BY = {
    "webshop": ("Visa", "Mastercard", "PayPal"),
    "marketplace": ("Marketplace payout",),
    "store": ("Debit card", "Cash"),
}


def fill_shop(store: Store, *, seed: int, today: date) -> None:
    """All rows of an empty shop."""
    chance = random.Random(f"{seed}:shop")
    people, goods = customers(chance, CUSTOMERS), products()
    for person in people:
        store.insert("customers", **person)
    for sku, name, category, price in goods:
        stock = 7 if sku == "TENT-2" else chance.randint(0, 90)
        store.insert("products", sku=sku, name=name, category=category, price=price, stock=stock)
    for number in range(FIRST_ORDER, FIRST_ORDER + ORDERS):
        _add_order(store, _order(chance, number, people, goods, today))
    _add_refunds(store, chance, today)


def _order(
    chance: random.Random,
    number: int,
    people: list[dict[str, str]],
    goods: list[tuple[str, str, str, int]],
    today: date,
) -> dict[str, Any]:
    """A plain description: who, what, when, how it was paid."""
    age = (FIRST_ORDER + ORDERS - number) * 150 // ORDERS
    channel = chance.choices([c for c, _ in _CHANNELS], [w for _, w in _CHANNELS])[0]
    picked = chance.sample(goods, chance.choice((1, 1, 1, 2, 2, 3)))
    method = chance.choice(_PAID_BY[channel])
    if method in ("Visa", "Mastercard"):
        method += f" ••{chance.randint(10, 99)}"
    order: dict[str, Any] = {
        "number": str(number),
        "customer_id": chance.choice(people[2:])["id"],
        "channel": channel,
        "status": _status(chance, channel, age),
        "placed_on": (today - timedelta(days=age)).isoformat(),
        "method": method,
        "lines": [(sku, chance.choice((1, 1, 1, 2)), price) for sku, _, _, price in picked],
    }
    return order | _told(number, today)


def _told(number: int, today: date) -> dict[str, Any]:
    """The two orders that README, tour and tests name."""
    if number == MARA:
        return {
            "customer_id": "c_1001",
            "channel": "webshop",
            "status": "shipped",
            "placed_on": (today - timedelta(days=6)).isoformat(),
            "method": "Visa ••42",
            "lines": [("TENT-2", 1, 18_000)],
        }
    if number == JON:
        return {"customer_id": "c_1002", "channel": "webshop", "status": "paid"}
    return {}


def _status(chance: random.Random, channel: str, age: int) -> str:
    if channel == "store":
        return "collected"
    if age <= 2:
        return chance.choice(("paid", "packed"))
    if age <= 8:
        return "shipped"
    return chance.choices(("delivered", "returned", "cancelled"), (92, 5, 3))[0]


def _add_order(store: Store, order: dict[str, Any]) -> None:
    number = order["number"]
    lines = order.pop("lines")
    total = sum(quantity * price for _, quantity, price in lines)
    sent = order["status"] in ("shipped", "delivered", "returned")
    tracking = f"LX{int(number) * 7919 % 10**8:08d}" if sent else None
    store.insert("orders", **order, total=total, currency="EUR", tracking=tracking)
    for sku, quantity, price in lines:
        store.insert("lines", order_number=number, sku=sku, quantity=quantity, price=price)
    store.insert(
        "payments",
        id=f"pay_{number}",
        order_number=number,
        amount=total,
        currency="EUR",
        method=order["method"],
        paid_on=order["placed_on"],
    )


def _add_refunds(store: Store, chance: random.Random, today: date) -> None:
    """Refunds of the past, numbered re_1 to re_82: the next one is re_83."""
    returned = store.rows("SELECT * FROM orders WHERE status IN ('returned', 'cancelled')")
    others = store.rows("SELECT * FROM orders WHERE status = 'delivered'")
    picked = [*returned[: REFUNDS - 20], *chance.sample(others, REFUNDS)][:REFUNDS]
    for number, order in enumerate(picked, 1):
        full = order["status"] != "delivered"
        store.insert(
            "refunds",
            id=f"re_{number}",
            order_number=order["number"],
            amount=order["total"] if full else order["total"] // 5,
            currency="EUR",
            reason="sent back" if full else "arrived late",
            at=f"{(today - timedelta(days=3)).isoformat()}T10:00:00+00:00",
            seeded=1,
        )
