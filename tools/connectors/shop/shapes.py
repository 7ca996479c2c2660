"""Arguments and results of the shop's tools, and the shop's own answers."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, field_validator

from core.money import Money
from tools.contract import Amount, Arguments, Result


class FindOrder(Arguments):
    order: str = Field(pattern=r"^\d{1,12}$", description="The order's number, like 4711")


class SearchOrders(Arguments):
    query: str = Field(
        min_length=1,
        max_length=200,
        description="Words to find: a customer's name or mail, a status, a sales channel",
    )
    limit: int = Field(default=10, ge=1, le=50, description="How many orders at most")


class SearchCustomers(Arguments):
    query: str = Field(
        min_length=1, max_length=200, description="Words to find: a name, a mail address, a city"
    )
    limit: int = Field(default=10, ge=1, le=50, description="How many customers at most")


class CheckStock(Arguments):
    sku: str = Field(
        min_length=1, max_length=80, description="The SKU, like TENT-2, or words for the product"
    )


class Refund(Arguments):
    order: str = Field(pattern=r"^\d{1,12}$", description="The order's number, like 4711")
    amount: Amount = Field(description="How much to pay back, exactly as the person said it")
    reason: str = Field(
        min_length=1, max_length=500, description="Why, in plain words, as the person said it"
    )


class CancelRefund(Arguments):
    refund: str = Field(
        pattern=r"^[\w-]{1,60}$", description="The refund's number as the shop gave it, like re_83"
    )


class Restock(Arguments):
    sku: str = Field(min_length=1, max_length=40, description="The SKU, like TENT-2")
    quantity: int = Field(
        ge=-10_000, le=10_000, description="How many to add; below 0 to take off; never 0"
    )

    @field_validator("quantity")
    @classmethod
    def _some(cls, value: int) -> int:
        if value == 0:
            raise ValueError("the quantity must not be 0")
        return value


class Sum(BaseModel):
    """Money in results: integer minor units and a currency; may be 0."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    minor: int
    currency: str = Field(pattern=r"^[A-Z]{3}$")

    @property
    def money(self) -> Money:
        return Money(self.minor, self.currency)


class _Shown(BaseModel):
    #: What the shop adds to its answers later does not disturb us.
    model_config = ConfigDict(extra="ignore", frozen=True)


class OrderLine(_Shown):
    sku: str
    name: str
    quantity: int
    price: Sum


class OrderShort(_Shown):
    number: str
    customer: str
    channel: str
    status: str
    placed_on: str
    total: Sum


class OrderWhole(OrderShort):
    email: str
    paid: Sum
    refunded: Sum
    method: str
    tracking: str | None
    lines: tuple[OrderLine, ...]
    refunds: tuple[str, ...]


class Product(_Shown):
    sku: str
    name: str
    price: Sum
    available: int


class Customer(_Shown):
    name: str
    email: str
    city: str
    orders: int


class RefundMade(_Shown):
    id: str
    order: str
    amount: Sum


class RefundKept(RefundMade):
    """A refund as it stands: `pending`, `paid` or `cancelled`."""

    status: str


class RefundRecorded(RefundMade):
    key: str | None
    at: datetime


class RefundsRecorded(_Shown):
    refunds: tuple[RefundRecorded, ...]


class CancellationRecorded(_Shown):
    """A refund taken back, with the key of the call that did it."""

    refund: str
    order: str
    amount: Sum
    key: str | None
    at: datetime


class CancellationsRecorded(_Shown):
    cancellations: tuple[CancellationRecorded, ...]


class RestockMade(_Shown):
    id: str
    at: datetime
    sku: str
    quantity: int
    reference: str
    stock_after: int


class Orders(_Shown):
    orders: tuple[OrderShort, ...]


class Customers(_Shown):
    customers: tuple[Customer, ...]


class Products(_Shown):
    products: tuple[Product, ...]


class Restocks(_Shown):
    restocks: tuple[RestockMade, ...]


class Problem(_Shown):
    code: str
    message: str


class Refusal(_Shown):
    error: Problem


class OrderFound(Result):
    number: str
    customer: str
    email: str
    channel: str
    status: str
    placed_on: str
    total: Sum
    #: What was paid back before; None when nothing was.
    refunded: Sum | None
    method: str
    tracking: str | None
    lines: tuple[OrderLine, ...]


class OrdersFound(Result):
    orders: tuple[OrderShort, ...]


class CustomersFound(Result):
    customers: tuple[Customer, ...]


class StockFound(Result):
    sku: str
    name: str
    available: int
    price: Sum


class Refunded(Result):
    #: The shop's own number of it, like re_83.
    refund: str
    order: str
    amount: Sum


class RefundCancelled(Result):
    refund: str
    order: str
    amount: Sum


class Restocked(Result):
    #: The shop's own number of it, like rs_5.
    restock: str
    sku: str
    quantity: int
    #: How many there are now.
    available: int
