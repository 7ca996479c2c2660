"""The shop: orders, customers, stock, refunds, restocking.

Retry classes: `shop.refund` and `shop.cancel_refund` *same key* (sent as `Idempotency-Key`),
`shop.restock` *looked up* (found by its reference).
"""

from tools.connectors.shop.declarations import make

__all__ = ["make"]
