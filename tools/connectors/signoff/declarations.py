"""The declarations of the tools that change what is permitted, and of the one that says which
steps belong together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from core.origins import Origin
from tools.connectors.signoff.shapes import (
    AdmitConnector,
    AllowAlike,
    Changed,
    Elevate,
    Noted,
    SetPolicy,
    Together,
)
from tools.contract import (
    Arguments,
    Call,
    Connector,
    Effect,
    Permissions,
    Ports,
    Preview,
    Record,
    Recorded,
    Retry,
    Tool,
)

#: What an action made carries its id for good.
_KEY_LIFE_S = 3_650 * 86_400.0
_SHOWN = {
    "signoff.allow_alike": "a standing permission",
    "signoff.elevate": "a scope given for a time",
    "signoff.set_policy": "another policy",
    "signoff.admit_connector": "a connector let in",
}


def make(ports: Ports) -> Connector:
    """The connector over `ports.permissions`; it needs no settings."""
    does = _Does(ports.permissions)
    return Connector(
        name="signoff",
        version="1.0.0",
        settings=(),
        tools=(
            _tool(
                "signoff.allow_alike",
                AllowAlike,
                does.allow_alike,
                does,
                scope="signoff:standing",
                can="do things alike without asking each time",
                done="Given",
            ),
            _tool(
                "signoff.elevate",
                Elevate,
                does.elevate,
                does,
                scope="signoff:elevate",
                can="give somebody a scope for a time",
                done="Given",
            ),
            _tool(
                "signoff.set_policy",
                SetPolicy,
                does.set_policy,
                does,
                scope="signoff:policy",
                can="change the policy",
                done="The new policy is in force",
            ),
            _tool(
                "signoff.admit_connector",
                AdmitConnector,
                does.admit_connector,
                does,
                scope="signoff:connectors",
                can="let a connector in",
                done="Let in",
            ),
            Tool(
                name="signoff.together",
                version="1.0.0",
                args=Together,
                result=Noted,
                effect=Effect.READ,
                retry=Retry.IDEMPOTENT,
                run=together,
                scopes=("signoff:read",),
                yields=Origin.FIRST_PARTY,
                can="keep steps together: all are done, or none",
                done=lambda _args, _result: "Noted",
            ),
        ),
    )


def together(_args: Together, _call: Call) -> Noted:
    """Say that all changes called in this same answer belong together: all are done, or none.

    Call it beside them when you are asked for things of which one makes no sense without the
    others ("both or neither"). They begin in the order in which you call them, once all are
    permitted; when one fails, those done before it are undone, so put what cannot be undone, like
    a mail, last. Changes of another answer do not belong to them.
    """
    return Noted(source="")


class _Does:
    """The functions behind the declarations."""

    def __init__(self, permissions: Permissions) -> None:
        self._permissions = permissions

    def allow_alike(self, args: AllowAlike, call: Call) -> Changed:
        """Let actions alike to one that was approved be done without asking each time."""
        return self._change("signoff.allow_alike", args, call)

    def elevate(self, args: Elevate, call: Call) -> Changed:
        """Give a person or an automation a scope for a time."""
        return self._change("signoff.elevate", args, call)

    def set_policy(self, args: SetPolicy, call: Call) -> Changed:
        """Put another policy in force."""
        return self._change("signoff.set_policy", args, call)

    def admit_connector(self, args: AdmitConnector, call: Call) -> Changed:
        """Let a connector's tools be used here from now on."""
        return self._change("signoff.admit_connector", args, call)

    def look(self, what: str, args: Arguments, call: Call) -> Preview:
        plain = args.model_dump(mode="json")
        meaning = self._permissions.look(what, plain, caller_id=call.caller.id)
        return Preview(
            title=meaning.title,
            verb="change",
            details=meaning.details,
            facts=meaning.facts,
            undo=meaning.undo,
            diff=meaning.diff,
        )

    def recorded(self, what: str) -> Record:
        """What our own tables show of this kind. Their rows stay when they are revoked or over."""

        def read(since: datetime, _timeout_s: float) -> Sequence[Recorded]:
            made = self._permissions.made_since(what, since)
            return [Recorded(one.key, one.id, _SHOWN[what], one.at) for one in made]

        return Record(read, keeps=True)

    def _change(self, what: str, args: Arguments, call: Call) -> Changed:
        plain = args.model_dump(mode="json")
        made = self._permissions.change(what, plain, action_id=call.action_id, now=call.now)
        return Changed(source="signoff", made=made)


def _tool(
    name: str,
    args: type[Arguments],
    run: Callable[[Any, Call], Changed],
    does: _Does,
    *,
    scope: str,
    can: str,
    done: str,
) -> Tool:
    return Tool(
        name=name,
        version="1.0.0",
        args=args,
        result=Changed,
        effect=Effect.IRREVERSIBLE,
        retry=Retry.IDEMPOTENT,
        key_life_s=_KEY_LIFE_S,
        run=run,
        preview=lambda given, call: does.look(name, given, call),
        record=does.recorded(name),
        done=lambda _args, _result: done,
        scopes=(scope,),
        # Every one of them decides what will be permitted.
        authority=tuple(args.model_fields),
        yields=Origin.FIRST_PARTY,
        can=can,
        offered=False,
        timeout_s=30.0,
    )
