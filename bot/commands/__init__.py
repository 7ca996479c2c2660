"""The commands of `signoff`: `run(args, environ) -> exit status` each."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from bot.settings import Settings, read_settings


def settings_for(args: argparse.Namespace, environ: Mapping[str, str]) -> Settings:
    """The settings of a command that looks at an installation: a folder named with --data wins
    over the environment's."""
    named = {"SIGNOFF_DATA": str(args.data)} if args.data else {}
    return read_settings({**environ, **named})
