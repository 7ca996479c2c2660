"""The folder of documents: policies, meeting notes, a contract as PDF, a price list."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from core.money import Money
from sandbox.office.seeds.days import workday
from sandbox.office.seeds.handbook import CONTRACT, NOTES, POLICIES
from sandbox.office.seeds.products import products

_TOP, _LEFT, _LINE, _LINES = 780, 70, 16, 42


def write_papers(folder: Path, *, today: date) -> None:
    """About a dozen files; the notes are dated by working days before `today`."""
    for name, text in POLICIES.items():
        (folder / name).write_text(text, encoding="utf-8")
    notes = folder / "meeting-notes"
    notes.mkdir()
    for ago, (name, text) in enumerate(NOTES.items(), 1):
        day = workday(today, -5 * ago).isoformat()
        (notes / f"{day}-{name}.md").write_text(text.format(day=day), encoding="utf-8")
    (folder / "price-list.csv").write_text(_prices(), encoding="utf-8")
    _write_pdf(folder / "framework-contract-kappel.pdf", CONTRACT)


def _prices() -> str:
    lines = [
        f"{sku};{name};{category};{Money(price, 'EUR')}"
        for sku, name, category, price in products()
    ]
    return "\n".join(["SKU;Name;Category;Price", *lines, ""])


def _write_pdf(path: Path, pages: tuple[str, ...]) -> None:
    canvas = Canvas(str(path), pagesize=A4, invariant=1)
    canvas.setTitle("Framework contract, Lindqvist Outdoor and Kappel GmbH")
    for page in pages:
        text = canvas.beginText(_LEFT, _TOP)
        text.setFont("Helvetica", 11)
        text.setLeading(_LINE)
        for line in page.splitlines()[:_LINES]:
            text.textLine(line)
        canvas.drawText(text)
        canvas.showPage()
    canvas.save()
