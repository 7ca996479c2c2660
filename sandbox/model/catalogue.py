"""What things are called: models, tools, their arguments, outcomes, and what can be asked for."""

from __future__ import annotations

from typing import Final

NAMES: Final = ("rehearsal-small", "rehearsal-large")
EMBEDDER: Final = "rehearsal-lexical"
FINGERPRINT: Final = "rehearsal-patterns-no-weights"
WHAT_I_AM: Final = "the rehearsal model: I match patterns, there is no language model behind me"

#: Logical operation -> names a tool for it may have (`a__b` and `a.b` are the same).
OPERATIONS: Final[dict[str, tuple[str, ...]]] = {
    "find_order": ("shop.find_order", "shop.get_order"),
    "search_orders": ("shop.search_orders", "shop.list_orders"),
    "customers": ("shop.customers", "shop.search_customers"),
    "check_stock": ("shop.check_stock", "shop.stock"),
    "refund": ("shop.refund", "shop.refund_order"),
    "restock": ("shop.restock",),
    "mail_search": ("mail.search",),
    "mail_read": ("mail.read",),
    "mail_send": ("mail.send",),
    "free_times": ("calendar.free_times", "calendar.free"),
    "meeting_create": ("calendar.create", "calendar.book"),
    "meeting_move": ("calendar.move",),
    "meeting_cancel": ("calendar.cancel",),
    "meeting_list": ("calendar.list", "calendar.day"),
    "documents_search": ("documents.search",),
    "documents_read": ("documents.read",),
    "remember": ("notes.remember",),
    "recall": ("notes.recall",),
    "forget": ("notes.forget",),
    "people_find": ("people.find",),
    "approvers": ("people.approvers", "people.who_approves"),
    "together": ("signoff.together",),
}

#: Operations that change something.
CHANGES: Final = (
    "refund",
    "restock",
    "mail_send",
    "meeting_create",
    "meeting_move",
    "meeting_cancel",
    "remember",
    "forget",
)

#: What a value is -> the argument names it may go by in a tool's JSON schema, best first.
ARGUMENTS: Final[dict[str, tuple[str, ...]]] = {
    "order": ("order", "order_id", "order_number", "number", "query", "id"),
    "query": ("query", "q", "text", "search", "name"),
    "limit": ("limit", "max_results", "top_k"),
    "sku": ("sku", "item", "product", "query"),
    "amount": ("amount", "amount_minor", "amount_cents", "minor", "value", "total"),
    "reason": ("reason", "note", "comment", "why"),
    "quantity": ("quantity", "count", "qty", "units", "by"),
    "note_id": ("note_id", "id", "note"),
    "message_id": ("message_id", "id", "uid", "message"),
    "to": ("to", "recipients", "recipient", "address"),
    "subject": ("subject", "title"),
    "body": ("body", "text", "content", "message"),
    "people": ("people", "attendees", "participants", "who", "person"),
    "attendees": ("attendees", "people", "participants", "with", "invitees"),
    "day": ("day", "date", "on"),
    "title": ("title", "subject", "summary", "name"),
    "start": ("start", "starts_at", "begin", "at", "new_start"),
    "minutes": ("minutes", "duration_minutes", "duration", "length"),
    "uid": ("uid", "event", "event_id", "id", "meeting"),
    "name": ("name", "document", "path", "id", "query"),
    "page": ("page",),
    "text": ("text", "note", "content", "fact"),
    "tool": ("tool", "action", "operation", "name"),
}

#: Outcome words in a tool message -> how the answer begins. None of them is tried again.
FAILURES: Final[dict[str, str]] = {
    "denied": "That is not allowed, so I did not do it",
    "refused": "That was refused, so it did not happen",
    "rejected": "That was rejected, so I did not do it",
    "expired": "Nobody approved that in time, so I did not do it",
    "cancelled": "That was stopped, so I did not do it",
    "superseded": "That was replaced by another request, so I did not do it",
    "failed": "That failed and I did not try again",
    "error": "That failed and I did not try again",
    "invalid": "That could not be carried out as I wrote it",
    "unknown": "Nobody knows yet whether that happened, so I did not try again",
}

#: (needs this operation, what to say about it).
SKILLS: Final[tuple[tuple[str, str], ...]] = (
    ("find_order", "“Where is order 4711?”"),
    ("check_stock", "“How many TENT-2 are in stock?” (by SKU)"),
    ("refund", "“Refund order 4711, EUR 180”"),
    ("restock", "“Restock 20 of TENT-2”"),
    ("mail_search", "“Find mail from Kappel”, “Do what Kappel's letter asks”"),
    ("mail_send", "“Send a mail to Finn saying the refund is done”"),
    ("meeting_create", "“Book 30 minutes with Finn tomorrow at 10”"),
    ("free_times", "“When is Finn free tomorrow?”"),
    ("documents_search", "“What does the returns policy say about damaged goods?”"),
    ("remember", "“Remember that Mara prefers mail”"),
    ("approvers", "“Who approves refunds?”"),
)

#: Words of a question about approvals -> the tool meant.
TOPICS: Final[tuple[tuple[str, str], ...]] = (
    (r"refund|money|payment|reimburse", "refund"),
    (r"restock|stock|inventory", "restock"),
    (r"mail|letter", "mail_send"),
    (r"cancel\w* .*meeting|meeting cancel", "meeting_cancel"),
    (r"meeting|calendar|appointment", "meeting_create"),
)
