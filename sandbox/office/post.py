"""The mail server: SMTP in, Maildir out. What leaves the company lands in `outside` instead."""

from __future__ import annotations

import asyncio
import json
import mailbox
from email import message_from_bytes
from email.policy import default as mail_policy
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from core.clock import Clock
from sandbox.office.faults import Fault, Faults
from sandbox.office.store import Store

DOMAIN = "lindqvist.example"
OUTSIDE = "outside"
#: The journal's method and path, and what a fault's `match` begins with.
CALL = "SMTP DATA"
_MOST = 20 * 2**20


class PostOffice:
    """aiosmtpd's handler: decides who has a mailbox here and delivers."""

    def __init__(self, boxes: Path, store: Store, faults: Faults, clock: Clock) -> None:
        self._boxes, self._store, self._faults, self._clock = boxes, store, faults, clock

    def protocol(self) -> SMTP:
        """One conversation with a client, on the running loop."""
        loop = asyncio.get_running_loop()
        return SMTP(self, hostname="localhost", data_size_limit=_MOST, loop=loop)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: object
    ) -> str:
        if inside(address) and not (self._boxes / address.lower()).is_dir():
            return f"550 5.1.1 There is no mailbox {address}"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        before = await self._suffer("before")
        if before:
            self._record(envelope, before.status, effect=False)
            return _ruined(server, before)
        self._deliver(envelope)
        self._record(envelope, 250, effect=True)
        after = await self._suffer("after")
        return _ruined(server, after) if after else "250 OK"

    def _deliver(self, envelope: Envelope) -> None:
        content = bytes(envelope.content or b"")  # type: ignore[arg-type]
        addresses = {address.lower() for address in envelope.rcpt_tos}
        names = {address if inside(address) else OUTSIDE for address in addresses}
        for name in sorted(names):
            box = mailbox.Maildir(self._boxes / name, create=True)
            box.add(content)

    def _record(self, envelope: Envelope, status: int, *, effect: bool) -> None:
        message = message_from_bytes(bytes(envelope.content or b""), policy=mail_policy)  # type: ignore[arg-type]
        message_id, at = str(message.get("Message-ID", "")), self._clock.now().isoformat()
        told = {"from": envelope.mail_from, "to": envelope.rcpt_tos}
        with self._store.transaction():
            if effect:
                within = sum(map(inside, envelope.rcpt_tos))
                self._store.insert(
                    "mails",
                    at=at,
                    message_id=message_id,
                    sender=envelope.mail_from,
                    recipients=json.dumps(envelope.rcpt_tos),
                    inside=within,
                    outside=len(envelope.rcpt_tos) - within,
                )
            self._store.insert(
                "journal",
                at=at,
                method="SMTP",
                path="DATA",
                key=message_id,
                body=json.dumps({**told, "subject": str(message.get("Subject", ""))}),
                status=status,
                effect=int(effect),
            )

    async def _suffer(self, moment: str) -> Fault | None:
        fault = self._faults.take(CALL, moment)
        if fault and fault.action == "delay":
            await asyncio.sleep(fault.seconds)
            return None
        if fault and fault.action == "kill":
            self._faults.kill(fault, self._clock.now())
        return fault


def inside(address: str) -> bool:
    return address.lower().endswith(f"@{DOMAIN}")


def _ruined(server: SMTP, fault: Fault) -> str:
    if fault.action == "status":
        return f"{fault.status} The mail server is in trouble"
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()
    return "451 never read by anybody"
