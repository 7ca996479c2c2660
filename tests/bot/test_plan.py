"""Who is started with what."""

from __future__ import annotations

from pathlib import Path

import yaml

from bot.runner.plan import demo_plan
from bot.runner.ports import Ports
from bot.settings import HELD_BY_SOME, HOLDERS


def test_the_practice_workspace_never_opens_somebodys_own_secrets(tmp_path: Path) -> None:
    plan = demo_plan(Ports(8300), tmp_path, {"SIGNOFF_SECRETS_FILE": "/srv/real-secrets.yaml"})

    (worker,) = (each for each in plan.processes if each.name == "worker-tools")
    assert worker.env["SIGNOFF_SECRETS_FILE"] == str(tmp_path / "secrets.yaml")
    secrets = yaml.safe_load((tmp_path / "secrets.yaml").read_text())
    assert secrets["SHOP_URL"].startswith("http://127.0.0.1:")


def test_each_process_is_given_its_own_credentials_and_no_other(tmp_path: Path) -> None:
    """R3."""
    plan = demo_plan(Ports(8300), tmp_path, {})

    given = {each.name: set(each.env) & HELD_BY_SOME for each in plan.processes}
    assert set(plan.env) & HELD_BY_SOME == set()
    assert {name for name, held in given.items() if held} == set(HOLDERS)
    assert all(held <= set(HOLDERS[name]) for name, held in given.items() if held)
