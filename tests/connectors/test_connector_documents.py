"""The documents tools over the practice folder, and over folders full of traps."""

from __future__ import annotations

from pathlib import Path

import pytest
from connector_bench import Bench, make_bench
from pydantic import ValidationError

from core.origins import Origin
from sandbox.office.testing import Office
from tools.contract import Refused, Unavailable


def test_the_policy_on_damaged_goods_is_found_and_read(bench: Bench) -> None:
    found = bench.run("documents.search", {"query": "returns policy damaged goods"})
    read = bench.run("documents.read", {"name": found.hits[0].name})

    assert found.hits[0].name == "returns-policy.md"
    assert "Damaged goods are refunded in full or replaced" in read.text
    assert (read.source, read.truncated) == ("returns-policy.md", False)
    assert bench.tool("documents.read").yields is Origin.DOCUMENT


def test_a_pdf_is_found_by_its_page_and_read_by_page(bench: Bench) -> None:
    (hit, *_) = bench.run("documents.search", {"query": "customer list audit"}).hits
    page = bench.run("documents.read", {"name": hit.name, "page": hit.page})

    assert (hit.name, hit.page) == ("framework-contract-kappel.pdf", 2)
    assert "No audit of either side extends to customer data." in page.text
    assert (page.page, page.pages) == (2, 3)
    assert page.source == "framework-contract-kappel.pdf, page 2"


def test_a_page_that_is_not_there_is_refused(bench: Bench) -> None:
    with pytest.raises(Refused) as refused:
        bench.run("documents.read", {"name": "framework-contract-kappel.pdf", "page": 4})

    assert refused.value.sentence == "framework-contract-kappel.pdf has only 3 pages."


@pytest.mark.parametrize(
    "name", ["../shop.db", "/etc/passwd", "meeting-notes/../../mail", "nothing.md", "."]
)
def test_nothing_outside_the_folder_is_opened(bench: Bench, name: str) -> None:
    with pytest.raises(Refused) as refused:
        bench.run("documents.read", {"name": name})

    assert refused.value.code == "no_such_document"


def test_a_name_with_control_characters_is_no_name(bench: Bench) -> None:
    with pytest.raises(ValidationError):
        bench.run("documents.read", {"name": "a\x00.md"})


def test_links_out_of_the_folder_and_hidden_files_are_not_there(
    office: Office, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "secret.md").write_text("walrus")
    (folder / "link.md").symlink_to(tmp_path / "secret.md")
    (folder / ".hidden.md").write_text("walrus")
    bench = make_bench(office, DOCUMENTS_DIR=str(folder))

    assert bench.run("documents.search", {"query": "walrus"}).hits == ()
    with pytest.raises(Refused):
        bench.run("documents.read", {"name": "link.md"})


def test_a_broken_pdf_is_refused_and_does_not_hide_the_others(
    office: Office, tmp_path: Path
) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4 walrus")
    (tmp_path / "good.md").write_text("walrus")
    bench = make_bench(office, DOCUMENTS_DIR=str(tmp_path))

    assert [hit.name for hit in bench.run("documents.search", {"query": "walrus"}).hits] == [
        "good.md"
    ]
    with pytest.raises(Refused) as refused:
        bench.run("documents.read", {"name": "broken.pdf"})
    assert refused.value.sentence == "broken.pdf is not a readable PDF."


def test_a_long_document_says_that_it_goes_on_and_has_pages(office: Office, tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("walrus and whale\n" * 2_000)
    bench = make_bench(office, DOCUMENTS_DIR=str(tmp_path))

    whole = bench.run("documents.read", {"name": "long.txt"})
    last = bench.run("documents.read", {"name": "long.txt", "page": whole.pages})

    assert whole.truncated
    assert len(whole.text) <= 12_000
    assert (whole.pages, last.truncated) == (9, False)


def test_a_missing_folder_is_a_named_failure(office: Office, tmp_path: Path) -> None:
    bench = make_bench(office, DOCUMENTS_DIR=str(tmp_path / "nowhere"))

    with pytest.raises(Unavailable) as away:
        bench.run("documents.search", {"query": "x"})

    assert away.value.sentence == "The folder of documents cannot be opened."
