"""The wiring, once per process: `Settings` in, frozen values out. Nothing is created at import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from approvals.config_texts import keep_text
from approvals.people import People
from approvals.policy.file import load_policy
from approvals.policy.judge import Policy
from audit.keys import KeyRing
from audit.log import Log
from bot.credentials import nothing_here, open_secrets, refuse_leaked, require_settings
from bot.permissions import PermissionsInSql
from bot.ports import NoNotesHere, NoPermissionsHere, PeopleDirectory
from bot.settings import Settings
from core.clock import Clock, FileClock, SystemClock
from core.db import Database, open_database
from core.errors import ConfigError
from core.schema import require_current
from tools.catalogue import make_all
from tools.contract import Ports
from tools.registry import Registry

if TYPE_CHECKING:
    # openai and chromadb take seconds to import, and most processes need neither.
    from llm.client import Models
    from memory.notes import NoteStore


@dataclass(frozen=True)
class Floor:
    """What every process stands on. The registry declares all tools; only the tool worker's can
    act, because only its ports look into the secrets file and hold the notes."""

    settings: Settings
    clock: Clock
    db: Database
    log: Log
    people: People
    policy: Policy
    registry: Registry
    #: None but in the tool worker.
    notes: NoteStore | None


def lay_floor(
    settings: Settings,
    environ: Mapping[str, str],
    *,
    acting: bool = False,
    clock: Clock | None = None,
) -> Floor:
    """Read the configuration, open the stores, declare the tools; `acting` in the tool worker.
    Who holds the clock gives it.

    Raises `ConfigError` (file, line, mend) for bad configuration or a credential in the
    environment, `StorageError` when the database cannot be reached or is not up to date.
    """
    people = People.load(settings.config / "people.yaml")
    policy = load_policy(settings.config / "policy.yaml")
    log = Log(keys=KeyRing.load_or_create(settings.key_file))
    db = open_database(settings.database_url, synchronous=settings.synchronous)
    require_current(db)
    clock = clock or make_clock(settings)
    lookup = open_secrets(settings.secrets_file) if acting else nothing_here
    notes = _notes(settings, db, people.workspace_id) if acting else None
    ports = Ports(
        setting=lookup,
        clock=clock,
        directory=PeopleDirectory(people, policy),
        notes=notes or NoNotesHere(),
        permissions=PermissionsInSql(db, log, people) if acting else NoPermissionsHere(),
    )
    connectors = make_all(ports)
    refuse_leaked(environ, [s for c in connectors for s in c.settings])
    if acting:
        require_settings(connectors, lookup)
    registry = Registry.of(connectors)
    policy.check_tools(registry.tools)
    if acting:
        _keep_texts(db, settings, people.workspace_id, now=clock.now())
    return Floor(settings, clock, db, log, people, policy, registry, notes)


def declare(people: People, policy: Policy, clock: Clock) -> Registry:
    """Every tool's declaration, for processes and commands that only speak of them. Raises
    `ConfigError` where the policy speaks of fields that the tools do not have."""
    directory = PeopleDirectory(people, policy)
    ports = Ports(
        setting=nothing_here,
        clock=clock,
        directory=directory,
        notes=NoNotesHere(),
        permissions=NoPermissionsHere(),
    )
    registry = Registry.of(make_all(ports))
    policy.check_tools(registry.tools)
    return registry


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
    from llm.client import Models
    from llm.config import ModelsConfig

    profile: Literal["live", "rehearsal"] = "rehearsal" if settings.rehearsal else "live"
    return Models(
        ModelsConfig.load(settings.config / "models.yaml", profile=profile),
        api_key=settings.openai_api_key,
        base_url=settings.openai_base_url,
        timeout_s=settings.limits.get("model_timeout_s", 60.0),
    )


def _keep_texts(db: Database, settings: Settings, workspace_id: str, *, now: datetime) -> None:
    """What verdicts rest on from now on, for those who ask later."""
    policy, people = (
        (settings.config / name).read_text() for name in ("policy.yaml", "people.yaml")
    )
    with db.transaction() as session:
        keep_text(session, workspace_id=workspace_id, kind="policy", text=policy, now=now)
        keep_text(session, workspace_id=workspace_id, kind="people", text=people, now=now)


def _notes(settings: Settings, db: Database, workspace_id: str) -> NoteStore:
    from memory.index import Index
    from memory.notes import Keeping, NoteStore

    if not settings.chroma_url:
        return NoteStore(db, None, workspace_id=workspace_id, keeping=Keeping())
    models = make_models(settings)
    index = Index(
        settings.chroma_url,
        workspace_id=workspace_id,
        embed=models.embed,
        model=models.config.embedding.model,
    )
    return NoteStore(db, index, workspace_id=workspace_id, keeping=Keeping())
