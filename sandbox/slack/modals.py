"""Views: the stack of modals each person has open, and everybody's App Home."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field

from sandbox.slack.shapes import APP, BOT, TEAM, Json

MAX_STACK = 3


@dataclass
class View:
    """One open modal or one published Home, as Slack returns it in `body`."""

    id: str
    user: str
    body: Json

    @property
    def hash(self) -> str:
        return str(self.body["hash"])


@dataclass
class Views:
    """`stacks`: per person, bottom first. `homes`: per person."""

    stacks: dict[str, list[View]] = field(default_factory=dict)
    homes: dict[str, View] = field(default_factory=dict)

    def open(self, user: str, given: Json) -> View:
        """A modal of its own; what was open before is gone, as in Slack."""
        view = self._new(user, given)
        self.stacks[user] = [view]
        return view

    def push(self, user: str, given: Json) -> View:
        """On top of the stack. The caller has checked that there is room."""
        stack = self.stacks.setdefault(user, [])
        view = self._new(user, given)
        if stack:
            view.body.update(previous_view_id=stack[-1].id, root_view_id=stack[0].id)
        stack.append(view)
        return view

    def replace(self, view: View, given: Json) -> View:
        """New content under the same id, with a new hash."""
        kept = {k: view.body[k] for k in ("id", "root_view_id", "previous_view_id")}
        view.body = {**_body(view.id, given), **kept}
        return view

    def publish(self, user: str, given: Json) -> View:
        view = self.homes.get(user)
        if view is None:
            view = self.homes[user] = self._new(user, given)
            return view
        return self.replace(view, given)

    def close(self, view: View) -> None:
        """Closes this modal and those above it; the one below shows again."""
        stack = self.stacks.get(view.user, [])
        if view in stack:
            del stack[stack.index(view) :]

    def clear(self, user: str) -> None:
        self.stacks.pop(user, None)

    def all(self) -> Iterator[View]:
        for stack in self.stacks.values():
            yield from stack
        yield from self.homes.values()

    def find(self, view_id: str) -> View | None:
        return next((view for view in self.all() if view.id == view_id), None)

    def by_external_id(self, external_id: str) -> View | None:
        return next((v for v in self.all() if v.body["external_id"] == external_id), None)

    def _new(self, user: str, given: Json) -> View:
        view_id = f"V0{secrets.token_hex(5).upper()}"
        return View(view_id, user, _body(view_id, given))


def _body(view_id: str, given: Json) -> Json:
    body: Json = {
        "id": view_id,
        "team_id": TEAM,
        "type": given["type"],
        "blocks": given["blocks"],
        "private_metadata": given.get("private_metadata", ""),
        "callback_id": given.get("callback_id", ""),
        "state": {"values": {}},
        "hash": f"{secrets.randbelow(10**10)}.{secrets.token_hex(4)}",
        "title": given.get("title"),
        "clear_on_close": given.get("clear_on_close", False),
        "notify_on_close": given.get("notify_on_close", False),
        "close": given.get("close"),
        "submit": given.get("submit"),
        "previous_view_id": None,
        "root_view_id": view_id,
        "app_id": APP,
        "external_id": given.get("external_id", ""),
        "app_installed_team_id": TEAM,
        "bot_id": BOT,
    }
    return body
