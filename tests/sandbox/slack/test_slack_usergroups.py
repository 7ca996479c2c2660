"""User groups with slack_sdk, and that they are those of the configuration."""

from pathlib import Path

import pytest
import yaml
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.people import CHANNELS, EVERYONE, GROUPS
from tests.sandbox.slack.slack_bench import SUPPORT, Bench

pytestmark = pytest.mark.usefixtures("answered")
PEOPLE_FILE = Path(__file__).parents[3] / "config" / "people.yaml"


def test_the_groups_are_those_of_the_people_file() -> None:
    file = yaml.safe_load(PEOPLE_FILE.read_text(encoding="utf-8"))
    slack_ids = {person["id"]: person["slack_id"] for person in file["people"]}

    configured = {name: [slack_ids[one] for one in ids] for name, ids in file["groups"].items()}
    here = {group.name.lower(): list(group.members) for group in GROUPS if not group.disabled}

    assert here == configured


def test_a_handle_is_nobody_elses_name() -> None:
    taken = [person.handle for person in EVERYONE] + [name for _, name, _, _ in CHANNELS]

    assert not {group.handle for group in GROUPS} & set(taken)


async def test_groups_are_listed_with_what_is_asked_for(client: AsyncWebClient) -> None:
    bare = (await client.usergroups_list())["usergroups"]
    full = await client.usergroups_list(
        include_count=True, include_users=True, include_disabled=True
    )

    assert [g["handle"] for g in bare] == [
        "support-team",
        "finance-team",
        "operations-team",
        "sales-team",
    ]
    assert not [key for group in bare for key in ("users", "user_count") if key in group]
    finance, former = full["usergroups"][1], full["usergroups"][-1]
    assert (finance["users"], finance["user_count"], finance["date_delete"]) == (["U0FINN"], 1, 0)
    assert (former["id"], former["date_delete"] > 0) == ("S0FORMER", True)


async def test_the_people_of_a_group_are_listed(client: AsyncWebClient) -> None:
    finance = await client.usergroups_users_list(usergroup="S0FINANCE")
    former = await client.usergroups_users_list(usergroup="S0FORMER", include_disabled=True)

    assert (finance["users"], former["users"]) == (["U0FINN"], ["U0GONE"])


async def test_a_disabled_group_is_found_only_when_asked_for(bench: Bench) -> None:
    answer = await bench.call("usergroups.users.list", {"usergroup": "S0FORMER"})

    assert answer == {"ok": False, "error": "no_such_subteam"}


async def test_a_typed_mention_reaches_the_app_as_slack_writes_it(bench: Bench) -> None:
    await bench.types("@finance-team please look", channel=SUPPORT)

    event = bench.delivered[-1].payload["event"]
    assert event["text"] == "<!subteam^S0FINANCE> please look"
