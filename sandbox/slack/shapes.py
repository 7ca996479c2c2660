"""Names for what travels as JSON, and the facts of the practice workspace that never change."""

from typing import Any

Json = dict[str, Any]

TEAM = "T0PRACTICE"
TEAM_NAME = "Practice workspace"
TEAM_DOMAIN = "practice"
APP = "A0SIGNOFF"
BOT = "B0SIGNOFF"
BOT_USER = "U0SIGNOFF"
BOT_NAME = "Signoff"
#: Where people from a connected workspace come from.
OTHER_TEAM = "T0OTHER"

BOT_TOKEN = "xoxb-practice"  # noqa: S105 - worth nothing outside this machine
APP_TOKEN = "xapp-practice"  # noqa: S105
SIGNING_SECRET = "practice-signing-secret"  # noqa: S105
#: Slack's old verification token, still present in every payload.
VERIFICATION_TOKEN = "practice-verification-token"  # noqa: S105
