"""The wiring, once per process: `Settings` in, frozen values out. Nothing is created at import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from approvals.people import People
from approvals.policy import Policy
from approvals.policy_file import load_policy
from audit.keys import KeyRing
from audit.log import Log
from bot.credentials import Lookup, nothing_here, refuse_leaked
from bot.ports import PeopleDirectory
from bot.settings import Settings
from core.clock import Clock, FileClock, SystemClock
from core.db import Database, open_database
from core.errors import ConfigError
from core.schema import require_current
from llm.client import Models
from llm.config import ModelsConfig
from memory.index import Index
from memory.notes import Keeping, NoteStore
from tools.catalogue import make_all
from tools.contract import Ports
from tools.registry import Registry


@dataclass(frozen=True)
class Floor:
    """What every process stands on. The registry declares all tools; only the tool worker's can
    act, because only its ports look into the secrets file."""

    settings: Settings
    clock: Clock
    db: Database
    log: Log
    people: People
    policy: Policy
    models: Models
    notes: NoteStore
    registry: Registry


def lay_floor(
    settings: Settings, environ: Mapping[str, str], lookup: Lookup = nothing_here
) -> Floor:
    """Read the configuration, open the stores, declare the tools.

    Raises `ConfigError` (file, line, mend) for bad configuration or a credential in the
    environment, `StorageError` when the database cannot be reached or is not up to date.
    """
    people = People.load(settings.config / "people.yaml")
    policy = load_policy(settings.config / "policy.yaml")
    db = open_database(settings.database_url, synchronous=settings.synchronous)
    require_current(db)
    log = Log(keys=KeyRing.load_or_create(settings.key_file))
    clock = make_clock(settings)
    models = make_models(settings)
    index = _index(settings, models, people.workspace_id)
    notes = NoteStore(db, index, workspace_id=people.workspace_id, keeping=Keeping())
    directory = PeopleDirectory(people, policy)
    ports = Ports(setting=lookup, clock=clock, directory=directory, notes=notes)
    connectors = make_all(ports)
    refuse_leaked(environ, [s for c in connectors for s in c.settings])
    registry = Registry.of(connectors)
    return Floor(settings, clock, db, log, people, policy, models, notes, registry)


def make_clock(settings: Settings) -> Clock:
    """Real time; in the practice workspace a file may move it for every process at once."""
    return FileClock(settings.data / "clock") if settings.practice else SystemClock()


def make_models(settings: Settings) -> Models:
    """The client of the configured model. Raises `ConfigError` when no key is set."""
    if not settings.openai_api_key:
        raise ConfigError(
            "OPENAI_API_KEY is missing. Set it in the environment or in .env; for an endpoint "
            "without keys (OPENAI_BASE_URL) any text will do."
        )
    profile: Literal["live", "rehearsal"] = "rehearsal" if settings.rehearsal else "live"
    return Models(
        ModelsConfig.load(settings.config / "models.yaml", profile=profile),
        api_key=settings.openai_api_key,
        base_url=settings.openai_base_url,
    )


def _index(settings: Settings, models: Models, workspace_id: str) -> Index | None:
    if not settings.chroma_url:
        return None
    return Index(
        settings.chroma_url,
        workspace_id=workspace_id,
        embed=models.embed,
        model=models.config.embedding.model,
    )
