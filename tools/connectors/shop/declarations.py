"""The shop connector's declarations."""

from __future__ import annotations

from core.origins import Origin
from tools.connectors.shop.operations import Operations, restock_back
from tools.connectors.shop.shapes import (
    CheckStock,
    CustomersFound,
    FindOrder,
    OrderFound,
    OrdersFound,
    Refund,
    Refunded,
    Restock,
    Restocked,
    SearchCustomers,
    SearchOrders,
    StockFound,
)
from tools.contract import Arguments, Connector, Effect, Ports, Result, Retry, Run, Setting, Tool

_VERSION = "1.0.0"
_DAY_S = 86_400.0
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
            _read("find_order", FindOrder, OrderFound, does.find_order, "look up an order"),
            _read("search_orders", SearchOrders, OrdersFound, does.search_orders, "search orders"),
            _read("customers", SearchCustomers, CustomersFound, does.customers, "find customers"),
            _read("check_stock", CheckStock, StockFound, does.check_stock, "check the stock"),
            _refund(does),
            _restock(does),
        ),
    )


def _read(name: str, args: type[Arguments], result: type[Result], run: Run, can: str) -> Tool:
    return Tool(
        name=f"shop.{name}",
        version=_VERSION,
        args=args,
        result=result,
        effect=Effect.READ,
        retry=Retry.IDEMPOTENT,
        run=run,
        scopes=("shop:read",),
        yields=Origin.FIRST_PARTY,
        can=can,
    )


def _refund(does: Operations) -> Tool:
    return Tool(
        name="shop.refund",
        version=_VERSION,
        args=Refund,
        result=Refunded,
        effect=Effect.IRREVERSIBLE,
        retry=Retry.IDEMPOTENT,
        key_life_s=_DAY_S,
        run=does.refund,
        preview=does.preview_refund,
        done=lambda _args, result: f"Refunded {result.amount.money}, {result.refund}",
        scopes=("shop:refund",),
        authority=("order", "amount"),
        yields=Origin.FIRST_PARTY,
        can="refund an order",
    )


def _restock(does: Operations) -> Tool:
    return Tool(
        name="shop.restock",
        version=_VERSION,
        args=Restock,
        result=Restocked,
        effect=Effect.REVERSIBLE,
        retry=Retry.VERIFIABLE,
        settle_s=5.0,
        run=does.restock,
        verify=does.was_restocked,
        preview=does.preview_restock,
        undo=restock_back,
        done=lambda _args, result: f"Restocked {result.sku} by {result.quantity:+d}",
        scopes=("shop:stock",),
        authority=("sku", "quantity"),
        yields=Origin.FIRST_PARTY,
        can="change the stock of a product",
    )
