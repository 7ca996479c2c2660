"""Folders that are made at the first start and kept afterwards."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path


def once(folder: Path, build: Callable[[Path], None]) -> None:
    """Build the folder unless it is there. A build that was cut short is begun anew."""
    if folder.exists():
        return
    half = folder.with_name(folder.name + ".half")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    build(half)
    half.rename(folder)
