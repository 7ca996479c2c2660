"""The till's connector: one tool of each retry class, and a read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
from pydantic import Field

from core.money import Money
from core.origins import Origin
from tools.contract import (
    Arguments,
    Call,
    Caller,
    Connector,
    Effect,
    Preview,
    Record,
    Recorded,
    Refused,
    Result,
    Retry,
    Tool,
    Unavailable,
)

#: More than a busy machine ever keeps a call waiting: an answer in vain is not one that is late.
TIMEOUT_S = 4.0
_NOBODY = Call("", "", Caller("system", "Signoff", None), datetime(2026, 11, 20, tzinfo=UTC), 2.0)
SETTLE_S = 60.0


class Balance(Arguments):
    order: str = Field(min_length=1)


class Refund(Arguments):
    order: str = Field(min_length=1)
    minor: int = Field(gt=0)


class Order(Arguments):
    sku: str
    quantity: int


class Letter(Arguments):
    to: str
    text: str


class BalanceRead(Result):
    paid: int
    refunded: int


class Done(Result):
    number: str


class TillClient:
    """Speaks HTTP and sorts every fault into refused or unavailable."""

    def __init__(self, url: str) -> None:
        self._url = url

    def ask(self, method: str, path: str, call: Call, **parts: Any) -> dict[str, Any]:
        headers = {"Idempotency-Key": call.key} if path == "/refund" else {}
        try:
            answer = httpx.request(method, self._url + path, headers=headers, timeout=10.0, **parts)
        except httpx.ConnectError as error:
            raise Unavailable("The till does not answer.", reached=False) from error
        except httpx.HTTPError as error:
            raise Unavailable("The till does not answer.", reached=True) from error
        if answer.status_code >= 500:
            raise Unavailable("The till has trouble.", reached=answer.status_code != 503)
        if answer.status_code >= 400:
            code = answer.json()["code"]
            raise Refused(f"The till refuses: {code}.", code=code)
        found: dict[str, Any] = answer.json()
        return found


def connector(url: str) -> Connector:
    till = TillClient(url)

    def balance(args: Balance, call: Call) -> BalanceRead:
        """Say what was paid and refunded for an order."""
        found = till.ask("GET", "/balance", call, params={"order": args.order})
        return BalanceRead(source=f"till {args.order}", **found)

    def preview_refund(args: Refund, call: Call) -> Preview:
        found = till.ask("GET", "/balance", call, params={"order": args.order})
        amount = Money(args.minor, "EUR")
        return Preview(f"Refund {amount} for {args.order}", "refund", facts=found, amount=amount)

    def refund(args: Refund, call: Call) -> Done:
        """Refund an amount in cents of an order."""
        body = {"order": args.order, "minor": args.minor}
        found = till.ask("POST", "/refund", call, json=body)
        return Done(source="till", number=found["refund"])

    def preview_order(args: Order, _call: Call) -> Preview:
        return Preview(f"Order {args.quantity} of {args.sku}", "order")

    def order(args: Order, call: Call) -> Done:
        """Order goods."""
        body = {"reference": call.key, "sku": args.sku, "quantity": args.quantity}
        return Done(source="till", number=till.ask("POST", "/order", call, json=body)["number"])

    def ordered(_args: Order, call: Call) -> Done | None:
        found = till.ask("GET", "/order", call, params={"reference": call.key})["numbers"]
        return Done(source="till", number=found[0]) if found else None

    def unorder(args: Order, _result: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        return "till.order", {"sku": args.sku, "quantity": -args.quantity}

    def preview_letter(args: Letter, _call: Call) -> Preview:
        outside = not args.to.endswith("@lindqvist.example")
        return Preview(
            f"Write to {args.to}", "write", outside=outside, recipients=(args.to,), own=True
        )

    def letter(args: Letter, call: Call) -> Done:
        """Send a letter."""
        till.ask("POST", "/letter", call, json={"text": args.text})
        return Done(source="till", number="sent")

    def recorded(of: str) -> Any:
        def read(since: datetime, _timeout_s: float) -> list[Recorded]:
            found = till.ask("GET", "/record", _NOBODY, params={"of": of})["made"]
            return [Recorded(key, number, f"an {of}", since) for key, number in found]

        return read

    shared: dict[str, Any] = {"version": "1.0.0", "timeout_s": TIMEOUT_S}
    return Connector(
        name="till",
        version="1.0.0",
        settings=(),
        tools=(
            Tool(
                name="till.balance", args=Balance, result=BalanceRead, effect=Effect.READ,
                retry=Retry.IDEMPOTENT, run=balance, scopes=("till:read",),
                yields=Origin.FIRST_PARTY, can="read the till", **shared,
            ),
            Tool(
                name="till.refund", args=Refund, result=Done, effect=Effect.IRREVERSIBLE,
                retry=Retry.IDEMPOTENT, run=refund, scopes=("till:write",), key_life_s=86_400,
                preview=preview_refund, authority=("order", "minor"), editable=("minor",),
                record=Record(recorded("refund"), keeps=True),
                yields=Origin.FIRST_PARTY,
                can="refund", done=lambda a, r: f"Refunded {a.minor}, {r.number}", **shared,
            ),
            Tool(
                name="till.order", args=Order, result=Done, effect=Effect.REVERSIBLE,
                retry=Retry.VERIFIABLE, run=order, verify=ordered, undo=unorder,
                record=Record(recorded("order"), keeps=True),
                settle_s=SETTLE_S, scopes=("till:write",), preview=preview_order,
                authority=("sku", "quantity"), yields=Origin.FIRST_PARTY, can="order", **shared,
            ),
            Tool(
                name="till.letter", args=Letter, result=Done, effect=Effect.IRREVERSIBLE,
                retry=Retry.NEITHER, run=letter, scopes=("till:write",), preview=preview_letter,
                authority=("to",), reaches_out=True, yields=Origin.FIRST_PARTY, can="write",
                unrecorded="a letter; nobody keeps a list of them", **shared,
            ),
        ),
    )  # fmt: skip
