"""The shop connector's declarations."""

from __future__ import annotations

from core.origins import Origin
from tools.connectors.reading import read
from tools.connectors.shop.operations import (
    Operations,
    refund_back,
    refund_stands,
    restock_back,
)
from tools.connectors.shop.shapes import (
    CancelRefund,
    CheckStock,
    CustomersFound,
    FindOrder,
    OrderFound,
    OrdersFound,
    Refund,
    RefundCancelled,
    Refunded,
    Restock,
    Restocked,
    SearchCustomers,
    SearchOrders,
    StockFound,
)
from tools.contract import Connector, Effect, Ports, Record, Retry, Setting, Tool

_VERSION = "1.0.0"
_DAY_S = 86_400.0
#: How long the shop waits before it pays a refund out.
_PENDING_S = 1_800
#: What the shop has received it does within this time, or not at all.
_SETTLE_S = 5.0
_SETTINGS = (
    Setting("SHOP_URL", secret=False, about="address of the shop's API, like https://shop.example"),
    Setting("SHOP_API_KEY", secret=True, about="key of the shop's API"),
)


def make(ports: Ports) -> Connector:
    """The shop connector; it reads its settings when a tool runs."""
    does = Operations(ports.setting)
    return Connector(
        name="shop",
        version=_VERSION,
        settings=_SETTINGS,
        tools=(
            read("shop.find_order", FindOrder, OrderFound, does.find_order, can="look up an order"),
            read(
                "shop.search_orders",
                SearchOrders,
                OrdersFound,
                does.search_orders,
                can="search orders",
            ),
            read(
                "shop.customers",
                SearchCustomers,
                CustomersFound,
                does.customers,
                can="find customers",
            ),
            read(
                "shop.check_stock", CheckStock, StockFound, does.check_stock, can="check the stock"
            ),
            _refund(does),
            _cancel_refund(does),
            _restock(does),
        ),
    )


def _refund(does: Operations) -> Tool:
    return Tool(
        name="shop.refund",
        version=_VERSION,
        args=Refund,
        result=Refunded,
        effect=Effect.REVERSIBLE,
        retry=Retry.IDEMPOTENT,
        key_life_s=_DAY_S,
        settle_s=_SETTLE_S,
        record=Record(does.refunds_recorded, keeps=True),
        run=does.refund,
        preview=does.preview_refund,
        undo=refund_back,
        undo_window_s=_PENDING_S,
        undo_expects=refund_stands,
        done=lambda _args, result: f"Refunded {result.amount.money}, {result.refund}",
        scopes=("shop:refund",),
        authority=("order", "amount"),
        editable=("amount", "reason"),
        yields=Origin.FIRST_PARTY,
        can="refund an order",
    )


def _cancel_refund(does: Operations) -> Tool:
    return Tool(
        name="shop.cancel_refund",
        version=_VERSION,
        args=CancelRefund,
        result=RefundCancelled,
        effect=Effect.IRREVERSIBLE,
        retry=Retry.IDEMPOTENT,
        key_life_s=_DAY_S,
        settle_s=_SETTLE_S,
        record=Record(does.cancellations_recorded, keeps=True),
        run=does.cancel_refund,
        preview=does.preview_cancel_refund,
        done=lambda _args, result: f"Took back the refund {result.refund}, {result.amount.money}",
        scopes=("shop:refund",),
        authority=("refund",),
        yields=Origin.FIRST_PARTY,
        can="take back a refund that is not paid out",
    )


def _restock(does: Operations) -> Tool:
    return Tool(
        name="shop.restock",
        version=_VERSION,
        args=Restock,
        result=Restocked,
        effect=Effect.REVERSIBLE,
        retry=Retry.VERIFIABLE,
        settle_s=_SETTLE_S,
        run=does.restock,
        verify=does.was_restocked,
        record=Record(does.restocks_recorded, keeps=True),
        preview=does.preview_restock,
        undo=restock_back,
        done=lambda _args, result: f"Restocked {result.sku} by {result.quantity:+d}",
        scopes=("shop:stock",),
        authority=("sku", "quantity"),
        editable=("quantity",),
        yields=Origin.FIRST_PARTY,
        can="change the stock of a product",
    )
