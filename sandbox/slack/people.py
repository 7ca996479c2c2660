"""Who is in the practice workspace: five people to act as, and accounts that are refused."""

from dataclasses import dataclass

from sandbox.slack.shapes import BOT_NAME, BOT_USER, OTHER_TEAM, TEAM


@dataclass(frozen=True)
class Person:
    """One account. `role` is what the page shows; `pickable` whether the page offers to be them."""

    id: str
    handle: str
    name: str
    role: str
    title: str
    email: str = ""
    tz: str = "Europe/Berlin"
    team: str = TEAM
    is_restricted: bool = False
    is_bot: bool = False
    is_owner: bool = False
    deleted: bool = False
    pickable: bool = True

    @property
    def is_stranger(self) -> bool:
        """From a connected workspace."""
        return self.team != TEAM

    @property
    def dm(self) -> str:
        """The channel of this person's conversation with the app."""
        return "D0" + self.id.removeprefix("U0")


def _own(handle: str) -> str:
    return f"{handle}@lindqvist.example"


ANA = Person("U0ANA", "ana", "Ana Berg", "support", "Customer support", _own("ana"))
FINN = Person("U0FINN", "finn", "Finn Aalto", "finance", "Finance", _own("finn"))
OLGA = Person(
    "U0OLGA", "olga", "Olga Reyes", "operations", "Operations", _own("olga"), is_owner=True
)
SAM = Person("U0SAM", "sam", "Sam Cole", "sales", "Sales", _own("sam"))
GITA = Person(
    "U0GITA",
    "gita",
    "Gita Rao",
    "guest",
    "Guest from an agency",
    "gita@agency.example",
    is_restricted=True,
)
EXT = Person(
    "U0EXT",
    "eva",
    "Eva Extern",
    "connected workspace",
    "From a connected workspace",
    "eva@other.example",
    team=OTHER_TEAM,
    pickable=False,
)
BOTTY = Person("U0BOTTY", "botty", "Botty", "bot", "Another bot", is_bot=True, pickable=False)
GONE = Person(
    "U0GONE", "greta", "Greta Gone", "left", "Left the company", deleted=True, pickable=False
)
APP_USER = Person(BOT_USER, "signoff", BOT_NAME, "app", "App", is_bot=True, pickable=False)

EVERYONE = (ANA, FINN, OLGA, SAM, GITA, EXT, BOTTY, GONE, APP_USER)

_MEMBERS = (ANA.id, FINN.id, OLGA.id, SAM.id, BOT_USER)

#: Of the channels below, those that only their members see.
PRIVATE = frozenset({"C0DISPUTES"})

#: id, name, topic, members
CHANNELS = (
    ("C0SUPPORT", "support", "Customers and their orders", _MEMBERS),
    ("C0FINANCE", "finance", "Payments, refunds, invoices", _MEMBERS),
    ("C0GENERAL", "general", "Everyone", (*_MEMBERS, GITA.id, EXT.id, BOTTY.id)),
    ("C0DISPUTES", "disputes", "Customers who complain", (ANA.id, SAM.id, BOT_USER)),
)


@dataclass(frozen=True)
class Group:
    """A user group. Its handle can be nobody else's, nor the name of a channel."""

    id: str
    handle: str
    name: str
    members: tuple[str, ...]
    disabled: bool = False


#: As `config/people.yaml` has them; one that nobody uses any more on top.
GROUPS: tuple[Group, ...] = (
    Group("S0SUPPORT", "support-team", "Support", (ANA.id,)),
    Group("S0FINANCE", "finance-team", "Finance", (FINN.id,)),
    Group("S0OPERATIONS", "operations-team", "Operations", (OLGA.id,)),
    Group("S0SALES", "sales-team", "Sales", (SAM.id,)),
    Group("S0FORMER", "former-team", "Former colleagues", (GONE.id,), disabled=True),
)
