"""The wiring of a house: what `bot.bootstrap` and the workers do, before anything is connected."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import yaml
from slack_sdk import WebClient

from approvals.connectors import admit_first
from bot.accounts import AccountReader
from bot.bootstrap import Floor, lay_floor
from bot.broker import Handler
from bot.deps import BotDeps, Identity
from bot.posts.posting import Poster
from bot.render import Renderer
from bot.settings import read_settings
from bot.web import make_async_web
from core.clock import HeldClock
from core.db import open_database
from core.schema import migrate
from graphs.checkpoint.connect import open_saver
from graphs.runtime.back import GoBack
from graphs.runtime.claim import Limits
from graphs.runtime.run import TurnRunner
from graphs.runtime.work import Desk
from graphs.versions import ASSISTANT
from tests.faults.presses import SIGNING_SECRET
from tools.admitting import offered

TOKEN = "xoxb-practice"
_ROOT = Path(__file__).parents[2]
#: Real threads renew leases; none of these runs lasts long enough for that.
_LEASE = timedelta(seconds=60)


@dataclass(frozen=True)
class Servers:
    """Addresses of the counterparts, and the settings the connectors read."""

    redis_url: str
    slack_api: str
    model_url: str
    secrets: Mapping[str, str]
    database_url: str


def floor_over(folder: Path, servers: Servers, clock: HeldClock) -> Floor:
    folder.mkdir()
    limits = json.dumps(
        {
            "tools_facts_age_s": 2,
            # On a busy machine the counterparts may be slow; only what is lost here is lost.
            "tools_deadline_factor": 6,
            # By errands alone that are about it: see `tests.faults.comparing`.
            "reconcile_every_s": 0,
            # One question per job, so that it goes on in the next one.
            "tools_reconcile_slice_s": 0,
        }
    )
    secrets = folder / "secrets.yaml"
    secrets.write_text(yaml.safe_dump(dict(servers.secrets)))
    secrets.chmod(0o600)
    settings = read_settings(
        {
            "SIGNOFF_DATA": str(folder),
            "SIGNOFF_CONFIG": str(_ROOT / "config"),
            "SIGNOFF_SECRETS_FILE": str(secrets),
            "REDIS_URL": servers.redis_url,
            "DATABASE_URL": servers.database_url,
            "SIGNOFF_LIMITS": limits,
            "SIGNOFF_REHEARSAL": "1",
            "OPENAI_API_KEY": "practice",
            "OPENAI_BASE_URL": servers.model_url,
        }
    )
    empty = open_database(settings.database_url)
    migrate(empty)
    empty.engine.dispose()
    floor = lay_floor(settings, {}, acting=True, clock=clock)
    with floor.db.transaction() as session:
        admit_first(
            session, floor.log, offered(floor.registry.connectors),
            workspace_id=floor.people.workspace_id, now=clock.now(),
        )  # fmt: skip
    return floor


def bot_side(floor: Floor, identity: Identity, servers: Servers) -> BotDeps:
    return BotDeps(
        db=floor.db,
        log=floor.log,
        clock=floor.clock,
        people=floor.people,
        policy=floor.policy,
        registry=floor.registry,
        identity=identity,
        web=make_async_web(TOKEN, servers.slack_api),
        signing_secret=SIGNING_SECRET,
    )


def thinking(
    floor: Floor, servers: Servers, web: WebClient, identity: Identity, desk: Desk
) -> dict[str, Handler]:
    """What `bot.graph_jobs` wires, without previews and status lines."""
    poster = Poster(
        db=floor.db,
        log=floor.log,
        clock=floor.clock,
        web=web,
        identity=identity,
        renderer=Renderer(floor.people, identity.url),
        lease=_LEASE,
    )
    desk = replace(desk, deliver=poster.send)
    accounts = AccountReader(
        db=floor.db, log=floor.log, clock=floor.clock, web=web, people=floor.people,
        policy=lambda: floor.policy,
    )  # fmt: skip
    runner = TurnRunner(desk, floor.people, open_saver(servers.redis_url), Limits(lease=_LEASE))
    return {
        "run_turn": lambda *, turn_id: runner.run(turn_id),
        "go_back": GoBack(floor.db, floor.log, floor.clock, floor.people, ASSISTANT).run,
        "send_post": lambda *, post_id: poster.send(post_id),
        "read_accounts": accounts.run,
    }
