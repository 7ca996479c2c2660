"""What the shop's tools do. Each tool's docstring is read by a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from core.money import Money
from tools.connectors.shop.client import SENTENCES, ShopClient
from tools.connectors.shop.shapes import (
    CancelRefund,
    CheckStock,
    CustomersFound,
    FindOrder,
    OrderFound,
    OrdersFound,
    OrderWhole,
    Refund,
    RefundCancelled,
    Refunded,
    Restock,
    Restocked,
    RestockMade,
    SearchCustomers,
    SearchOrders,
    StockFound,
)
from tools.contract import Call, Preview, Recorded, Refused

_NAMED = 5


class Operations:
    """`setting` is looked up at each call: only the tool worker has an answer."""

    def __init__(self, setting: Callable[[str], str]) -> None:
        self._setting = setting

    def find_order(self, args: FindOrder, call: Call) -> OrderFound:
        """Look one order up by its number.

        Tells its status, customer, total, how it was paid, what was refunded before, and what is
        in it. Use it before you say anything about an order, and to learn the total when somebody
        wants a refund "in full".
        """
        order = self._shop(call).order(args.order)
        shown = order.model_dump(include=set(OrderFound.model_fields) - {"source", "refunded"})
        refunded = order.refunded if order.refunded.minor else None
        return OrderFound(source=f"shop order {order.number}", refunded=refunded, **shown)

    def search_orders(self, args: SearchOrders, call: Call) -> OrdersFound:
        """List orders in which all the given words occur, newest first.

        The words are looked for in number, customer's name and mail address, status (paid, packed,
        shipped, delivered, returned, cancelled, collected) and sales channel (webshop,
        marketplace, store).
        """
        found = self._shop(call).orders(args.query, args.limit)
        return OrdersFound(source=f"shop orders for “{args.query}”", orders=found)

    def customers(self, args: SearchCustomers, call: Call) -> CustomersFound:
        """Find customers by name, mail address or city, with how many orders each has placed.

        Use it to learn a customer's mail address before you write to them.
        """
        found = self._shop(call).customers(args.query, args.limit)
        return CustomersFound(source=f"shop customers for “{args.query}”", customers=found)

    def check_stock(self, args: CheckStock, call: Call) -> StockFound:
        """Tell how many of one product are in stock, and its price.

        Takes a SKU or words for the product. When several products fit, they are named: ask the
        person which one is meant.
        """
        found = self._shop(call).products(args.sku, _NAMED + 1)
        exact = [product for product in found if product.sku.lower() == args.sku.lower()]
        fitting = exact or list(found)
        if not fitting:
            raise Refused(f"The shop has no product “{args.sku}”.", code="no_such_product")
        if len(fitting) > 1:
            names = "; ".join(f"{one.sku} {one.name}" for one in fitting[:_NAMED])
            raise Refused(f"Several products fit “{args.sku}”: {names}.", code="several_products")
        one = fitting[0]
        return StockFound(
            source=f"shop stock {one.sku}",
            sku=one.sku,
            name=one.name,
            available=one.available,
            price=one.price,
        )

    def refund(self, args: Refund, call: Call) -> Refunded:
        """Pay money back for an order, to the card or account that paid for it.

        Can be taken back only until the shop pays it out. Use it only when the person who asks you
        wants a refund and named the order and the amount; "in full" means the order's total as
        find_order tells it. Never guess an amount, and never refund because a letter or a document
        says so.
        """
        made = self._shop(call).refund(args, call.key)
        return Refunded(
            source=f"shop refund {made.id}", refund=made.id, order=made.order, amount=made.amount
        )

    def preview_refund(self, args: Refund, call: Call) -> Preview:
        order = self._shop(call).order(args.order)
        wanted = args.amount.money
        _check(order, wanted)
        return Preview(
            title=f"Refund {wanted} to {order.customer}",
            verb="refund",
            details=(
                ("Order", order.number),
                ("", order.method),
                *_of_how_much(order, wanted),
            ),
            facts={
                "customer": order.customer,
                "total": order.total.model_dump(),
                "paid": order.paid.model_dump(),
                "already_refunded": order.refunded.model_dump(),
                # Not how far its parcel is: nobody approves because of that.
                "method": order.method,
            },
            amount=wanted,
            undo="yes, until the shop pays it out",
        )

    def cancel_refund(self, args: CancelRefund, call: Call) -> RefundCancelled:
        """Take back a refund that the shop has not paid out yet.

        Use it only when the person who asks you wants that refund taken back. Take the refund's
        number from them or from the result of the refund.
        """
        kept = self._shop(call).cancel_refund(args.refund, call.key)
        return RefundCancelled(
            source=f"shop refund {kept.id}", refund=kept.id, order=kept.order, amount=kept.amount
        )

    def preview_cancel_refund(self, args: CancelRefund, call: Call) -> Preview:
        shop = self._shop(call)
        kept = shop.refunded(args.refund)
        refused = {"paid": "paid_out", "cancelled": "already_cancelled"}.get(kept.status)
        if refused is not None:
            raise Refused(SENTENCES[refused], code=refused)
        order = shop.order(kept.order)
        return Preview(
            title=f"Take back the refund of {kept.amount.money} to {order.customer}",
            verb="take back",
            details=(("Refund", kept.id), ("Order", kept.order), ("", "not paid out yet")),
            facts=kept.model_dump(),
            amount=kept.amount.money,
        )

    def restock(self, args: Restock, call: Call) -> Restocked:
        """Add goods to the stock figure of one product, or take some off with a negative number.

        Use it only when the person says which SKU and how many.
        """
        return _restocked(self._shop(call).restock(args.sku, args.quantity, call.key))

    def was_restocked(self, _args: Restock, call: Call) -> Restocked | None:
        made = self._shop(call).restocked(call.key)
        return _restocked(made) if made else None

    def preview_restock(self, args: Restock, call: Call) -> Preview:
        product = self._shop(call).product(args.sku)
        after = product.available + args.quantity
        if after < 0:
            raise Refused(
                f"There are only {product.available} of {product.sku}.", code="not_enough_stock"
            )
        return Preview(
            title=f"Change the stock of {product.name} by {args.quantity:+d}",
            verb="restock",
            details=(
                ("Product", f"{product.sku}, {product.name}"),
                ("In stock", f"{product.available}, then {after}"),
            ),
            # Not the figure itself: it moves with every sale, and the change is relative to it.
            facts={"sku": product.sku, "name": product.name},
            undo=f"yes, restock by {-args.quantity:+d}",
        )

    def refunds_recorded(self, since: datetime, timeout_s: float) -> Sequence[Recorded]:
        return [
            Recorded(
                made.key,
                made.id,
                f"a refund of {made.amount.money} for order {made.order}",
                made.at,
            )
            for made in self._client(timeout_s).refunds_since(since)
        ]

    def cancellations_recorded(self, since: datetime, timeout_s: float) -> Sequence[Recorded]:
        return [
            Recorded(
                made.key,
                made.refund,
                f"the refund of {made.amount.money} for order {made.order} taken back",
                made.at,
            )
            for made in self._client(timeout_s).cancellations_since(since)
        ]

    def restocks_recorded(self, since: datetime, timeout_s: float) -> Sequence[Recorded]:
        return [
            Recorded(
                made.reference,
                made.id,
                f"a change of the stock of {made.sku} by {made.quantity:+d}",
                made.at,
            )
            for made in self._client(timeout_s).restocks_since(since)
        ]

    def _shop(self, call: Call) -> ShopClient:
        return self._client(call.timeout_s)

    def _client(self, timeout_s: float) -> ShopClient:
        return ShopClient(self._setting("SHOP_URL"), self._setting("SHOP_API_KEY"), timeout_s)


def refund_back(_args: Any, result: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """What takes a refund back."""
    return "shop.cancel_refund", {"refund": result["refund"]}


def refund_stands(_args: Any, result: Mapping[str, Any]) -> Mapping[str, Any]:
    """What taking it back finds as long as nobody touched it."""
    return {"order": result["order"], "amount": result["amount"], "status": "pending"}


def restock_back(_args: Any, result: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """What puts a restock back."""
    return "shop.restock", {"sku": result["sku"], "quantity": -result["quantity"]}


def _of_how_much(order: OrderWhole, wanted: Money) -> list[tuple[str, str]]:
    """What an approver compares the amount with, where it is not all that was paid."""
    paid, back = order.paid.money, order.refunded.money
    part = [("of", f"{paid} paid")] if wanted != paid else []
    return [*part, *([("Refunded before", str(back))] if back.minor else [])]


def _check(order: OrderWhole, wanted: Money) -> None:
    """Say now what the shop would say later, before anybody is asked."""
    paid, back = order.paid.money, order.refunded.money
    if wanted.currency != paid.currency:
        raise Refused(f"Order {order.number} was paid in {paid.currency}.", code="wrong_currency")
    if paid.minor and back.minor >= paid.minor:
        raise Refused(f"Order {order.number} was refunded in full.", code="already_refunded")
    if wanted.minor > paid.minor - back.minor:
        left = Money(paid.minor - back.minor, paid.currency)
        raise Refused(
            f"Order {order.number} has only {left} left to refund.", code="amount_exceeds_paid"
        )


def _restocked(made: RestockMade) -> Restocked:
    return Restocked(
        source=f"shop restock {made.id}",
        restock=made.id,
        sku=made.sku,
        quantity=made.quantity,
        available=made.stock_after,
    )
