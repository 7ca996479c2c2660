"""The shop's tools against the practice shop, counted in the shop's own journal."""

from __future__ import annotations

import socket
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from connector_bench import Bench, make_bench
from pydantic import ValidationError

from core.money import Money
from sandbox.office.testing import Office
from tools.contract import Refused, Unavailable


def refund_of(order: str, minor: int, currency: str = "EUR") -> dict[str, Any]:
    return {"order": order, "amount": {"minor": minor, "currency": currency}, "reason": "torn"}


def refunds_made(office: Office) -> int:
    return sum(entry["effect"] for entry in office.journal() if entry["path"] == "/refunds")


def order_above(bench: Bench, minor: int, skip: int) -> str:
    """An order that nobody else in this module uses."""
    found = bench.run("shop.search_orders", {"query": "webshop delivered", "limit": 50}).orders
    return str([one.number for one in found if one.total.minor > minor][skip])


def test_an_order_is_found_with_customer_payment_and_source(bench: Bench) -> None:
    order = bench.run("shop.find_order", {"order": "4711"})

    assert (order.number, order.customer, order.method) == ("4711", "Mara Lind", "Visa ••42")
    assert (order.total.minor, order.total.currency) == (18000, "EUR")
    assert (order.status, order.channel, order.refunded) == ("shipped", "webshop", None)
    assert order.source == "shop order 4711"


def test_an_unknown_order_is_refused_in_words(bench: Bench) -> None:
    with pytest.raises(Refused) as refused:
        bench.run("shop.find_order", {"order": "99999999"})

    assert refused.value.sentence == "The shop has no such order."
    assert refused.value.code == "no_such_order"


def test_orders_are_searched_by_customer_and_by_channel(bench: Bench) -> None:
    hers = bench.run("shop.search_orders", {"query": "mara lind"})
    market = bench.run("shop.search_orders", {"query": "marketplace", "limit": 7})

    assert [one.number for one in hers.orders] == ["4711"]
    assert {one.channel for one in market.orders} == {"marketplace"}
    assert len(market.orders) == 7


def test_a_customer_is_found_with_the_mail_address(bench: Bench) -> None:
    found = bench.run("shop.customers", {"query": "Mara Lind"})

    assert [one.email for one in found.customers] == ["mara.lind@post.example"]


def test_stock_is_found_by_sku_and_by_words(bench: Bench) -> None:
    by_sku = bench.run("shop.check_stock", {"sku": "TENT-2"})
    by_words = bench.run("shop.check_stock", {"sku": "tent for two"})

    assert by_sku == by_words
    assert (by_sku.name, by_sku.price.minor) == ("Tent for two", 18000)


def test_words_that_fit_several_products_name_them(bench: Bench) -> None:
    with pytest.raises(Refused) as refused:
        bench.run("shop.check_stock", {"sku": "rucksack"})

    assert "PACK-20 Rucksack 20 litres" in refused.value.sentence
    assert refused.value.code == "several_products"


def test_a_refund_called_twice_with_one_key_happens_once(bench: Bench, office: Office) -> None:
    """R58, R59."""
    order = order_above(bench, 5000, 0)
    before = refunds_made(office)

    first = bench.run("shop.refund", refund_of(order, 5000), action="act_twice")
    again = bench.run("shop.refund", refund_of(order, 5000), action="act_twice")

    assert first == again
    assert refunds_made(office) == before + 1
    assert bench.tool("shop.refund").done(None, first) == f"Refunded EUR 50.00, {first.refund}"


def test_a_refund_whose_reply_is_lost_may_have_been_made(bench: Bench, office: Office) -> None:
    order = order_above(bench, 5000, 1)
    before = refunds_made(office)
    office.fault("POST /refunds", "drop", "after")

    with pytest.raises(Unavailable) as lost:
        bench.run("shop.refund", refund_of(order, 5000), action="act_lost")
    found = bench.run("shop.refund", refund_of(order, 5000), action="act_lost")

    assert lost.value.reached
    assert found.order == order
    assert refunds_made(office) == before + 1


def test_one_key_with_other_contents_is_refused(bench: Bench, office: Office) -> None:
    """R59."""
    order = order_above(bench, 5000, 2)
    bench.run("shop.refund", refund_of(order, 5000), action="act_mixed")

    with pytest.raises(Refused) as refused:
        bench.run("shop.refund", refund_of(order, 4000), action="act_mixed")

    assert refused.value.code == "key_used"


@pytest.mark.parametrize(
    ("minor", "currency", "code"),
    [(18001, "EUR", "amount_exceeds_paid"), (18000, "USD", "wrong_currency")],
)
def test_a_refund_the_shop_would_refuse_is_refused_before_anybody_is_asked(
    bench: Bench, minor: int, currency: str, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        bench.preview("shop.refund", refund_of("4711", minor, currency))

    assert refused.value.code == code


def test_an_order_refunded_in_full_is_not_refunded_again(bench: Bench) -> None:
    order = order_above(bench, 5000, 3)
    total = bench.run("shop.find_order", {"order": order}).total.minor
    bench.run("shop.refund", refund_of(order, total), action="act_full")

    with pytest.raises(Refused) as previewed:
        bench.preview("shop.refund", refund_of(order, 1))
    with pytest.raises(Refused) as refused:
        bench.run("shop.refund", refund_of(order, 1), action="act_more")

    assert previewed.value.code == refused.value.code == "already_refunded"


def test_the_refund_card_says_to_whom_how_much_and_pins_the_facts(bench: Bench) -> None:
    preview = bench.preview("shop.refund", refund_of("4711", 18000))

    assert preview.title == "Refund EUR 180.00 to Mara Lind"
    assert preview.details[:2] == (("Order", "4711"), ("", "Visa ••42"))
    assert preview.amount == Money(18000, "EUR")
    assert preview.facts == {
        "customer": "Mara Lind",
        "total": {"minor": 18000, "currency": "EUR"},
        "paid": {"minor": 18000, "currency": "EUR"},
        "already_refunded": {"minor": 0, "currency": "EUR"},
        "method": "Visa ••42",
    }
    assert preview.undo == "yes, until the shop pays it out"


def test_only_what_a_refund_rests_on_asks_anew(bench: Bench, office: Office) -> None:
    order = order_above(bench, 9_000, 8)
    pinned = bench.preview("shop.refund", refund_of(order, 1_000)).facts
    shop = office.data / "office" / "shop.db"
    changed = "UPDATE orders SET status = 'returned', tracking = 'X1' WHERE number = ?"

    with closing(sqlite3.connect(shop, timeout=10)) as link, link:
        link.execute(changed, [order])
    unrelated = bench.preview("shop.refund", refund_of(order, 1_000)).facts
    bench.run("shop.refund", refund_of(order, 500), action="act_elsewhere")
    related = bench.preview("shop.refund", refund_of(order, 1_000)).facts

    assert unrelated == pinned
    assert related == {**pinned, "already_refunded": {"minor": 500, "currency": "EUR"}}


def test_stock_that_moves_asks_nobody_anew(bench: Bench) -> None:
    restock = {"sku": "TENT-2", "quantity": 3}
    pinned = bench.preview("shop.restock", restock).facts
    bench.run("shop.restock", {"sku": "TENT-2", "quantity": -1}, action="act_sold")

    assert bench.preview("shop.restock", restock).facts == pinned


def test_a_restock_is_found_by_its_action_and_by_no_other(bench: Bench) -> None:
    args = {"sku": "BAG-10", "quantity": 12}

    before = bench.verify("shop.restock", args, action="act_bags")
    made = bench.run("shop.restock", args, action="act_bags")

    assert before is None
    assert bench.verify("shop.restock", args, action="act_bags") == made
    assert bench.verify("shop.restock", args, action="act_other") is None


def test_a_restock_whose_reply_is_lost_is_found(bench: Bench, office: Office) -> None:
    args = {"sku": "TENT-4", "quantity": 3}
    office.fault("POST /restocks", "drop", "after")

    with pytest.raises(Unavailable) as lost:
        bench.run("shop.restock", args, action="act_lost_tents")

    assert lost.value.reached
    found = bench.verify("shop.restock", args, action="act_lost_tents")
    assert found is not None
    assert found.model_dump()["quantity"] == 3


def test_a_restock_is_undone_by_its_negative(bench: Bench) -> None:
    args = {"sku": "MUG-S", "quantity": 4}
    before = bench.run("shop.check_stock", {"sku": "MUG-S"}).available

    made = bench.run("shop.restock", args, action="act_mugs")
    name, back = bench.undo("shop.restock", args, made)
    bench.run(name, back, action="act_mugs_back")

    assert bench.run("shop.check_stock", {"sku": "MUG-S"}).available == before


def test_more_than_there_is_cannot_be_taken_off(bench: Bench) -> None:
    with pytest.raises(Refused) as refused:
        bench.preview("shop.restock", {"sku": "TENT-2", "quantity": -9000})

    assert refused.value.code == "not_enough_stock"


def test_a_restock_of_nothing_is_no_restock(bench: Bench) -> None:
    with pytest.raises(ValidationError, match="must not be 0"):
        bench.run("shop.restock", {"sku": "TENT-2", "quantity": 0})


@pytest.mark.parametrize("status", [500, 503])
def test_a_shop_in_trouble_may_have_acted(bench: Bench, office: Office, status: int) -> None:
    office.fault("POST /refunds", "status", status=status)

    with pytest.raises(Unavailable) as trouble:
        bench.run("shop.refund", refund_of("4711", 100), action="act_trouble")

    assert trouble.value.reached
    assert trouble.value.sentence == f"The shop is in trouble (status {status})."


def test_a_shop_that_asks_to_wait_has_not_acted(bench: Bench, office: Office) -> None:
    office.fault("POST /refunds", "status", status=429)

    with pytest.raises(Unavailable) as wait:
        bench.run("shop.refund", refund_of("4711", 100), action="act_wait")

    assert not wait.value.reached


def test_nonsense_after_a_refund_leaves_it_open_and_after_a_read_is_refused(
    bench: Bench, office: Office
) -> None:
    office.fault("POST /refunds", "garbage")
    office.fault("GET /orders", "garbage")

    with pytest.raises(Unavailable) as write:
        bench.run("shop.refund", refund_of("4711", 100), action="act_nonsense")
    with pytest.raises(Refused) as read:
        bench.run("shop.find_order", {"order": "4711"})

    assert write.value.reached
    assert read.value.sentence == "The shop answered in a form that is not understood."


def test_a_slow_shop_is_not_waited_for_longer_than_the_call_allows(
    bench: Bench, office: Office
) -> None:
    office.fault("GET /orders", "delay", seconds=1.5)

    with pytest.raises(Unavailable) as slow:
        bench.run("shop.find_order", {"order": "4711"}, timeout_s=0.3)

    assert slow.value.sentence == "The shop did not answer in time."


def test_a_shop_that_is_not_there_was_not_reached(office: Office) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        bench = make_bench(office, SHOP_URL=f"http://127.0.0.1:{taken.getsockname()[1]}")

        with pytest.raises(Unavailable) as away:
            bench.run("shop.refund", refund_of("4711", 100))

    assert not away.value.reached
    assert away.value.sentence == "The shop does not answer."


def test_a_wrong_key_is_refused_without_being_told(office: Office) -> None:
    bench = make_bench(office, SHOP_API_KEY="not-the-key")

    with pytest.raises(Refused) as refused:
        bench.run("shop.find_order", {"order": "4711"})

    assert refused.value.sentence == "The shop did not accept our login."
    assert "not-the-key" not in str(refused.value)


@pytest.mark.parametrize("url", ["not an address", "ftp://127.0.0.1", "http://"])
def test_an_unusable_address_is_a_named_failure(office: Office, url: str) -> None:
    bench = make_bench(office, SHOP_URL=url)

    with pytest.raises((Refused, Unavailable)) as failure:
        bench.run("shop.refund", refund_of("4711", 100))

    assert failure.value.sentence in {
        "The shop has no usable address.",
        "The shop does not answer.",
    }


def taken_back(office: Office) -> int:
    return sum(e["effect"] for e in office.journal() if e["path"].endswith("/cancel"))


def test_a_refund_not_paid_out_is_taken_back_once_under_one_key(
    bench: Bench, office: Office
) -> None:
    order = order_above(bench, 5000, 5)
    made = bench.run("shop.refund", refund_of(order, 1500), action="act_back_1")
    tool, args = bench.tool("shop.refund").undo(None, made.model_dump(mode="json"))
    before = taken_back(office)

    preview = bench.preview(tool, args)
    results = [bench.run(tool, args, action="act_back_2") for _ in range(2)]

    assert preview.amount == Money(1500, "EUR")
    assert preview.facts["status"] == "pending"
    assert results[0] == results[1]
    assert results[0].refund == made.refund
    assert taken_back(office) == before + 1
    assert bench.run("shop.find_order", {"order": order}).refunded is None


def test_a_refund_somebody_else_took_back_is_said_to_be(bench: Bench) -> None:
    order = order_above(bench, 5000, 6)
    made = bench.run("shop.refund", refund_of(order, 1500), action="act_back_3")
    args = {"refund": made.refund}
    bench.run("shop.cancel_refund", args, action="act_back_4")

    for ask in (
        lambda: bench.run("shop.cancel_refund", args, action="act_back_5"),
        lambda: bench.preview("shop.cancel_refund", args),
    ):
        with pytest.raises(Refused) as refused:
            ask()
        assert refused.value.code == "already_cancelled"


def test_a_refund_that_was_paid_out_is_not_taken_back(bench: Bench, office: Office) -> None:
    order = order_above(bench, 5000, 7)
    made = bench.run("shop.refund", refund_of(order, 1500), action="act_back_6")
    with sqlite3.connect(office.data / "office" / "shop.db") as link:
        link.execute(
            "UPDATE refunds SET at = '2020-01-01T00:00:00+00:00' WHERE id = ?", [made.refund]
        )
    link.close()
    before = taken_back(office)

    with pytest.raises(Refused) as refused:
        bench.preview("shop.cancel_refund", {"refund": made.refund})
    with pytest.raises(Refused):
        bench.run("shop.cancel_refund", {"refund": made.refund}, action="act_back_7")

    assert refused.value.code == "paid_out"
    assert taken_back(office) == before
