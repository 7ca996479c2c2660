"""What the rehearsal model can do: one task per intent, each a generator (see `scene`).

Must not hold: patterns that decide which intent is meant; those are data in `phrases`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sandbox.model.scene import Scene, Task
from sandbox.model.tasks import calendar, knowledge, letters, mail, people, shop, talk

TASKS: Final[dict[str, Callable[[Scene, str], Task]]] = {
    "order": shop.order,
    "ask_order": shop.ask_order,
    "search_orders": shop.search_orders,
    "stock": shop.stock,
    "refund": shop.refund,
    "restock": shop.restock,
    "unsupported": shop.unsupported,
    "mail_search": mail.mail_search,
    "mail_read": mail.mail_read,
    "mail_send": mail.mail_send,
    "reply": mail.reply,
    "obey": letters.obey,
    "meeting_create": calendar.meeting_create,
    "meeting_move": calendar.meeting_move,
    "meeting_cancel": calendar.meeting_cancel,
    "free_times": calendar.free_times,
    "agenda": calendar.agenda,
    "documents": knowledge.documents,
    "remember": knowledge.remember,
    "recall": knowledge.recall,
    "forget": knowledge.forget,
    "waiting": talk.waiting,
    "people": people.people,
    "approvers": people.approvers,
    "summarise": talk.summarise,
    "greet": talk.greet,
    "help": talk.help_,
    "negated": talk.negated,
}
