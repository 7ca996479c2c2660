"""Ports for servers that tests start at known addresses while other tests start theirs."""

from __future__ import annotations

import contextlib
import random
import socket

#: Below the range that Linux takes outgoing connections' ports from (32768 on).
_RANGE = range(20_000, 32_000, 10)


def free_block() -> int:
    """The first of eight free ports in a row, which no other call is given, in whichever process,
    until this process ends: between finding them and binding them lies a whole start."""
    for _ in range(200):
        first = random.choice(_RANGE)
        with contextlib.ExitStack() as held:
            try:
                claim = held.enter_context(_bound(first + 9))
                for port in range(first, first + 8):
                    held.enter_context(_bound(port))
            except OSError:
                continue
            claim.detach()
            return first
    raise AssertionError("no eight free ports in a row")


def _bound(port: int) -> socket.socket:
    link = socket.socket()
    try:
        link.bind(("127.0.0.1", port))
    except OSError:
        link.close()
        raise
    return link
