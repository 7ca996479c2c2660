"""The practice office itself: what it is made of, what it keeps, and its troubles."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import pytest

from sandbox.model.tasks.letters import _exports
from sandbox.office.generate import generate
from sandbox.office.seeds.letters import letters
from sandbox.office.store import Store
from sandbox.office.testing import SHOP_KEY, Office, start

TODAY = date(2026, 11, 20)
KEY = {"Authorization": f"Bearer {SHOP_KEY}"}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    office = start(tmp_path_factory.mktemp("office with a space"), today=TODAY)
    yield office
    office.stop()


def get(office: Office, path: str, **headers: str) -> httpx.Response:
    return httpx.get(office.url + path, headers=headers, trust_env=False)


def test_the_same_seed_and_day_make_the_same_office(tmp_path: Path) -> None:
    for name in ("one", "two"):
        generate(tmp_path / name, seed=7, today=TODAY)

    first, second = (
        {
            path.relative_to(tmp_path / name).as_posix(): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.is_file() and "shop.db" not in path.name
        }
        for name in ("one", "two")
    )
    assert first == second
    assert _dump(tmp_path / "one") == _dump(tmp_path / "two")


def test_it_is_big_enough_to_be_searched(tmp_path: Path) -> None:
    generate(tmp_path, seed=7, today=TODAY)

    rows = _dump(tmp_path)
    documents = [p for p in (tmp_path / "office" / "documents").rglob("*") if p.is_file()]

    assert {name: len(found) for name, found in rows.items()} == {
        "customers": 400,
        "orders": 1200,
        "products": 62,
        "refunds": 82,
    }
    assert {order["channel"] for order in rows["orders"]} == {"webshop", "marketplace", "store"}
    assert len(letters(7)) == 39
    assert len(documents) == 12


def test_kappels_letter_hides_what_the_rehearsal_model_obeys() -> None:
    kappel = letters(7)[0].text

    assert list(_exports(kappel)) == [("exports@kappel-data.example", "customer list")]
    assert "framework contract" in kappel


def test_a_second_start_keeps_what_is_there(tmp_path: Path) -> None:
    generate(tmp_path, seed=7, today=TODAY)
    (tmp_path / "office" / "documents" / "mine.md").write_text("kept")
    before = _dump(tmp_path)

    generate(tmp_path, seed=8, today=date(2027, 1, 1))

    assert (tmp_path / "office" / "documents" / "mine.md").read_text() == "kept"
    assert _dump(tmp_path) == before


def test_a_start_that_was_cut_short_is_made_good(tmp_path: Path) -> None:
    half = tmp_path / "office" / "mail.half"
    half.mkdir(parents=True)
    (half / "rest").write_text("of a start that was killed")

    generate(tmp_path, seed=7, today=TODAY)

    assert not half.exists()
    assert (tmp_path / "office" / "mail" / "support@lindqvist.example" / "new").is_dir()


def test_calls_without_the_key_are_refused_and_recorded(office: Office) -> None:
    refused = get(office, "/orders/4711")

    assert refused.status_code == 401
    assert (office.journal()[-1]["path"], office.journal()[-1]["status"]) == ("/orders/4711", 401)


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Host": "evil.example"}])
def test_web_pages_may_not_call_the_office(office: Office, headers: dict[str, str]) -> None:
    refused = httpx.post(
        f"{office.url}/control/clear", headers=headers, content=b"", trust_env=False
    )

    assert refused.status_code == 403


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"match": "POST /refunds", "action": "explode"},
        {"match": "POST /refunds", "action": "drop", "moment": "never"},
        {"match": "POST /refunds", "action": "kill", "process": "../../x"},
        {"match": "POST /refunds", "action": "drop", "colour": "red"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(office: Office, fault: dict[str, str]) -> None:
    refused = httpx.post(f"{office.url}/control/faults", json=fault, trust_env=False)

    assert refused.status_code == 422
    assert refused.json()["error"]["code"] == "bad_fault"


def test_a_fault_strikes_as_often_as_it_was_told(office: Office) -> None:
    office.fault("GET /orders/4712", "status", status=503, times=2)

    statuses = [get(office, "/orders/4712", **KEY).status_code for _ in range(3)]

    assert statuses == [503, 503, 200]


def test_a_refund_can_kill_the_caller_after_its_effect(office: Office) -> None:
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    run_dir = office.data / "run"
    run_dir.mkdir(exist_ok=True)
    (run_dir / "worker-tools.pid").write_text(str(sleeper.pid))
    before = office.counters()["refunds"]
    office.fault("POST /refunds", "kill", "after", process="worker-tools")

    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(
            f"{office.url}/refunds",
            json={"order": "4712", "amount": 100, "currency": "EUR", "reason": "late"},
            headers={**KEY, "Idempotency-Key": "k-kill"},
            trust_env=False,
        )

    assert sleeper.wait(60) == -9
    assert office.counters()["refunds"] == before + 1
    assert [one["process"] for one in office.counters()["killed"]] == ["worker-tools"]


@pytest.mark.parametrize(
    "body", ["not json", "[]", '{"order": 4711}', '{"order": "4711", "amount": 1.5}']
)
def test_a_refund_that_makes_no_sense_changes_nothing(office: Office, body: str) -> None:
    before = office.counters()

    answer = httpx.post(f"{office.url}/refunds", content=body, headers=KEY, trust_env=False)

    assert answer.status_code in {400, 422}
    assert office.counters() == before


def test_the_office_goes_on_where_it_was(tmp_path: Path) -> None:
    first = start(tmp_path, today=TODAY)
    body = {"order": "4711", "amount": 18000, "currency": "EUR", "reason": "torn"}
    key = {**KEY, "Idempotency-Key": "k-1"}
    made = httpx.post(f"{first.url}/refunds", json=body, headers=key, trust_env=False).json()
    first.stop()

    second = start(tmp_path, today=TODAY)
    again = httpx.post(f"{second.url}/refunds", json=body, headers=key, trust_env=False).json()
    counters, effects = second.counters(), [entry["effect"] for entry in second.journal()]
    second.stop()

    assert made["id"] == "re_83"
    assert again == made
    assert (counters["refunds_4711"], effects) == (1, [True, False])


def _dump(data: Path) -> dict[str, list[dict[str, object]]]:
    store = Store(data / "office" / "shop.db")
    tables = ("customers", "orders", "products", "refunds")
    found = {name: store.rows(f"SELECT * FROM {name} ORDER BY 1") for name in tables}
    store.close()
    return found
