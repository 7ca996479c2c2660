"""What the shop sells."""

from __future__ import annotations

import csv
from pathlib import Path

_FILE = Path(__file__).with_name("products.csv")


def products() -> list[tuple[str, str, str, int]]:
    """SKU, name, category and price in cents of each, in a fixed order."""
    with _FILE.open(encoding="utf-8", newline="") as lines:
        rows = csv.reader(lines, delimiter=";")
        return [(sku, name, category, int(price)) for sku, name, category, price in rows]
