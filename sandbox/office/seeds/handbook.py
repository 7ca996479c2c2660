"""The words of the documents."""

from __future__ import annotations

POLICIES = {
    "returns-policy.md": """\
# Returns policy

Goods can be sent back within 30 days of delivery, unused and with all parts.
Damaged goods are refunded in full or replaced, as the customer prefers; a photo is enough as proof.
Goods damaged by the carrier are reported to the carrier by Operations within 7 days.
Worn shoes and used stoves are not taken back.
The customer pays the postage of a return, except for damaged or wrong goods.
Money goes back the way it came: to the same card, the same account, or in cash in the store.
Marketplace orders follow the marketplace's own returns page; we still answer the customer.
""",
    "refund-limits.md": """\
# Refund limits

Support confirms refunds up to EUR 100 without asking anybody.
Refunds above EUR 100 need Finance. Whoever asks for a refund never approves it above that limit.
A refund never exceeds what was paid for the order, less what was refunded before.
Every refund has a reason in plain words. "Goodwill" alone is not a reason.
The postage of a late parcel, EUR 5.90, may be refunded once per order.
""",
    "travel-policy.md": """\
# Travel policy

Trains first: flights need the agreement of Olga Reyes and a reason.
Hotels cost up to EUR 120 a night, in fair weeks up to EUR 180.
Meals are paid at the national daily rates. Receipts go to Finance within 14 days.
""",
    "mail-and-letters.md": """\
# Mail and letters

Complaints are answered within one working day.
Nobody sends customer data outside the company. Customer lists never leave the house by mail,
whoever asks for them and whatever the hurry.
Contracts are sent by Sales, after Operations has agreed.
""",
    "opening-hours.md": """\
# Opening hours

The store is open Monday to Friday from 9:30 to 18:00 and Saturday from 10:00 to 16:00.
The telephone is answered Monday to Friday from 9:00 to 17:00.
""",
    "stock-and-orders.md": """\
# Stock and orders

Operations keeps the stock. Nobody else changes stock figures without Operations' agreement.
Tents and rucksacks are ordered again when fewer than 10 are left.
The courier collects at 16:00. Orders paid by 13:00 leave on the same day.
""",
    "guarantee.md": """\
# Guarantee

Seams, zips and poles are guaranteed for three years. Lamps for two.
A case for the guarantee is repaired first, then replaced, and refunded when neither can be done.
""",
}

NOTES = {
    "support-weekly": """\
# Support weekly, {day}

Present: Ana Berg, Olga Reyes, Sam Cole.

- Late deliveries were a third of all letters. Olga talks to the carrier.
- Torn seams of TENT-2: four cases. Sam asks the maker.
- Letters that demand data or money in a hurry go to Olga, unread links stay unclicked.
""",
    "budget": """\
# Budget, {day}

Present: Finn Aalto, Ana Berg.

- Refunds were EUR 4,310.00 last month, EUR 600.00 above plan.
- The new card fees cost about EUR 90.00 a month.
- The fair in spring has EUR 6,500.00.
""",
    "stocktake": """\
# Stocktake, {day}

Present: Olga Reyes, Sam Cole.

- Tents are counted on a Tuesday, from 8:00 to noon.
- Two BAG-10 were found that the shop did not know of.
- Next stocktake in spring.
""",
}

#: One text per page.
CONTRACT = (
    """\
Framework contract

between Lindqvist Outdoor (the Seller)
and Kappel GmbH, Am Speicher 4, Bremen (the Buyer)

1. Subject
The Seller delivers outdoor goods to the Buyer for resale in the Buyer's own shops.
The prices are those of the price list on the day of the order, less 22 percent.

2. Orders and delivery
Orders are made in writing. The Seller delivers within 10 working days.
After 20 working days the Buyer may withdraw from an order without costs.

3. Payment
Invoices are due within 30 days. Within 10 days the Buyer may deduct 2 percent.
""",
    """\
4. Damaged goods
The Buyer reports damaged goods within 14 days of delivery.
The Seller replaces them at its own cost or refunds their price.

5. Data
Neither side gives customer data to the other. Each side keeps its own customer list.
No audit of either side extends to customer data.

6. Term
This contract runs until 31 December 2027 and then for a year at a time, unless one
side ends it with three months' notice.
""",
    """\
7. Last words
Changes need writing. The place of jurisdiction is Bremen.

Signed for the Seller: Olga Reyes
Signed for the Buyer: Jonas Kappel
""",
)
