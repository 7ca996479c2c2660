"""Orders, stock, refunds and restocking."""

from __future__ import annotations

import re

from core.money import Money
from sandbox.model import values
from sandbox.model.phrases import IN_FULL, INEXACT
from sandbox.model.results import Result, money, pick, rows, said, text
from sandbox.model.scene import Answer, Asked, Call, Scene, Task, ask, failed, found, one, unread

#: A refund nobody gave a reason for is given the request itself, as long as the shop takes it.
_REASON_CHARS = 500
_REASON = re.compile(r"\b(?:because|since|due to|reason(?: is)?:?)\s+(?P<reason>.+)", re.I | re.S)
_IT = re.compile(r"\b(?:it|that order|this order|the order|her order|his order)\b", re.I)
_PRODUCT = re.compile(
    r"\b(?:stock (?:of|for|level of|level for)|inventory (?:of|for)|how many|"
    r"(?:is|are) (?:the |there (?:any )?)?)\s*(?P<product>[\w' -]+?)\s*"
    r"(?:\b(?:do we|are|is|have|in stock|left|there|available)\b|[?.!,]|$)",
    re.I,
)
_ABOUT = re.compile(
    r"\b(?:from|by|of|for|about|does|did|has)\s+(?P<who>[\w.@' +-]+?)\s*"
    r"(?:\bhave|\border|\bplace|[?.!,]|$)",
    re.I,
)
_PAID = ("paid", "paid_total", "total_paid", "total", "amount")


def order(scene: Scene, request: str) -> Task:
    """Where is order 4711? Several numbers are looked up at once."""
    numbers = values.order_numbers(request)
    if not numbers:
        return ask("Which order do you mean? Tell me its number.")
    results = yield tuple(Call("find_order", {"order": number}) for number in numbers)
    answers = [unread(r) if r.failure else found(_order_sentence(r.value), r) for r in results]
    return _together(answers)


def ask_order(scene: Scene, request: str) -> Task:
    """An order is asked about, without its number."""
    number = _order_meant(scene, request)
    if number:
        return (yield from order(scene, f"order {number}"))
    return ask("Which order do you mean? Tell me its number.")


def search_orders(scene: Scene, request: str) -> Task:
    """Orders of a customer, or by any other word."""
    match = _ABOUT.search(request)
    query = match["who"].strip() if match else _keywords(request)
    if not query:
        return ask("Whose orders shall I look for, or with which word?")
    result = yield from one("search_orders", query=query, limit=10)
    if result.failure:
        return unread(result)
    listed = [_order_line(row) for row in rows(result.value)]
    if not listed:
        return found(f"I found no orders for “{query}”.", result)
    return found(f"Orders for “{query}”:\n" + "\n".join(f"- {line}" for line in listed), result)


def stock(scene: Scene, request: str) -> Task:
    """How many are there? By SKU where one is said, else by the words for the product."""
    match = _PRODUCT.search(request)
    sku = values.sku(request) or (_singular(match["product"]) if match else "")
    if not sku:
        return ask("Which product do you mean? Tell me its SKU.")
    result = yield from one("check_stock", sku=sku)
    return unread(result) if result.failure else found(_stock_sentence(result.value, sku), result)


def refund(scene: Scene, request: str) -> Task:
    """Money back: needs one order and one exact amount; "in full" means what the shop says."""
    match = _REASON.search(request)
    head = request[: match.start()] if match else request
    number = _order_meant(scene, head)
    if number is None:
        return ask("Which order shall I refund? Tell me one order number.")
    if not scene.offers("refund"):
        return ask("I have no tool for refunds here. Whom shall I point you to?")
    exact = values.amounts(head)
    amount = exact[0] if len(exact) == 1 and not INEXACT.search(head) else None
    if amount is None:
        looked_up = yield from one("find_order", order=number)
        if looked_up.failure:
            return unread(looked_up)
        total = _left_to_refund(looked_up.value)
        if total and total.minor <= 0:
            return found(f"Order {number} is already refunded in full.", looked_up)
        if not (IN_FULL.search(head) and not exact and not INEXACT.search(head)) or total is None:
            return _ask_amount(number, total, looked_up)
        amount = total
    reason = (match["reason"] if match else request[:_REASON_CHARS]).strip(" .!?\n")
    result = yield from one("refund", order=number, amount=amount, reason=reason)
    if result.failure:
        return failed(result)
    return found(_refund_sentence(result.value, number, amount), result)


def restock(scene: Scene, request: str) -> Task:
    """More on the shelf: needs one SKU and one whole number."""
    sku = values.sku(request)
    if sku is None:
        return ask("Which SKU shall I restock? Tell me one product code, like TENT-2.")
    numbers = values.bare_numbers(re.sub(rf"\b{re.escape(sku)}\b", " ", request, flags=re.I))
    if len(numbers) != 1 or numbers[0] < 1 or INEXACT.search(request):
        return ask(f"How many of {sku} shall I add? Tell me one whole number.")
    result = yield from one("restock", sku=sku, quantity=numbers[0])
    if result.failure:
        return failed(result)
    left = said(result.value, "stock", "on_hand", "available", "quantity_after", "now")
    return found(
        f"Restocked {sku} by {numbers[0]}." + (f" Stock is now {left}." if left else ""), result
    )


def unsupported(scene: Scene, request: str) -> Task:
    """Undoing money or orders is no tool of ours."""
    yield from ()
    return ask(
        "I cannot cancel or undo orders and payments, so I changed nothing. What else can I do?"
    )


def look_up(number: str) -> Asked:
    """The order itself, for other tasks."""
    return (yield from one("find_order", order=number))


def _order_meant(scene: Scene, request: str) -> str | None:
    """The one order named here, or the one that "it" can only mean from the asker's own words."""
    numbers = values.order_numbers(request)
    if numbers or not _IT.search(request):
        return numbers[0] if len(numbers) == 1 else None
    before = [said.text for said in scene.conversation.earlier if said.role == "user"]
    earlier = dict.fromkeys(n for said in before for n in values.order_numbers(said))
    return next(iter(earlier)) if len(earlier) == 1 else None


def _left_to_refund(order: object) -> Money | None:
    paid, refunded = money(order, *_PAID), money(order, "refunded", "refunded_total")
    if paid and refunded and refunded.currency == paid.currency:
        return Money(paid.minor - refunded.minor, paid.currency)
    return paid


def _ask_amount(number: str, total: Money | None, looked_up: Result) -> Answer:
    gone = money(looked_up.value, "refunded", "refunded_total")
    still = " still open" if gone and gone.minor else ""
    known = f" The order's total{still} is {total}." if total else ""
    return Answer(f"How much should I refund for order {number}?{known}", False)


def _together(answers: list[Answer]) -> Answer:
    return Answer(
        "\n".join(answer.text for answer in answers),
        all(answer.done for answer in answers),
    )


def _order_sentence(value: object) -> str:
    """Only what the result holds."""
    number, state = said(value, "number", "order", "order_id", "id"), said(value, "status", "state")
    customer, channel = said(value, "customer", "customer_name"), said(value, "channel")
    total, card = (
        money(value, "total", *_PAID),
        said(value, "method", "payment_method", "paid_by", "card"),
    )
    refunded = money(value, "refunded", "refunded_total", "already_refunded")
    parts = [f"Order {number}" + (f" of {customer}" if customer else "")]
    parts[0] += f" is {state.replace('_', ' ')}." if state else "."
    if lines := _lines(value):
        parts.append(f"{lines}.")
    if total:
        parts.append(f"Total {total}" + (f", paid by {card}." if card else "."))
    if refunded and refunded.minor:
        parts.append(f"Refunded so far: {refunded}.")
    for label, names in (("Tracking", ("tracking", "tracking_number")), ("Channel", ("channel",))):
        known = said(value, *names) if label != "Channel" else channel
        parts += [f"{label}: {known}."] if known else []
    return " ".join(parts) if number else f"The shop says: {text(value)}"


def _lines(order: object) -> str:
    listed = pick(order, "lines", "items")
    bought = [line for line in listed if isinstance(line, dict)] if isinstance(listed, list) else []
    return ", ".join(
        f"{said(line, 'quantity') or 1} x {said(line, 'name', 'sku')}" for line in bought
    )


def _order_line(row: dict[str, object]) -> str:
    total = money(row, *_PAID)
    bits = [f"order {said(row, 'number', 'order', 'order_id', 'id')}"]
    bits += [bit for bit in (said(row, "customer", "customer_name"), said(row, "status")) if bit]
    return ", ".join(bits + ([str(total)] if total else []))


def _singular(product: str) -> str:
    """`dry bags` as a shop lists them: `dry bag`."""
    return re.sub(r"(\w{2,}[^s\W])s\b", r"\1", product.strip())


def _stock_sentence(value: object, sku: str) -> str:
    name = said(value, "name", "title", "product") or sku
    number = pick(value, "available", "on_hand", "stock", "quantity", "in_stock")
    if number is None:
        return f"The shop says about {name}: {text(value)}"
    code = said(value, "sku")
    return f"{name}{f' ({code})' if code and code != name else ''}: {number} in stock."


def _refund_sentence(value: object, number: str, amount: Money) -> str:
    paid = money(value, "amount", "refunded") or amount
    reference = said(value, "refund", "refund_id", "id", "reference")
    shown = said(value, "order", "order_id", "number") or number
    return f"Refunded {paid} for order {shown}" + (f" ({reference})." if reference else ".")


def _keywords(request: str) -> str:
    words = re.findall(r"[\w-]+", request)
    stop = {"orders", "order", "list", "show", "me", "the", "all", "which", "find", "search", "our"}
    return " ".join(word for word in words if word.lower() not in stop)
