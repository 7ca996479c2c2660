"""Searching, reading, writing and answering mail."""

from __future__ import annotations

import re
from collections.abc import Generator

from sandbox.model import values
from sandbox.model.results import Result, rows, said
from sandbox.model.scene import Answer, Call, Scene, Task, ask, failed, found, one, unread
from sandbox.model.tasks.people import addresses
from sandbox.model.wording import first_sentences

_TO = re.compile(
    r"^(?:(?:send|write|drop|compose)\b(?P<first>.*?)"
    r"\b(?:an?|the)?\s*(?:e-?mail|mail|message|letter|note)\b"
    r"(?:\s*to\s+(?P<to>.+)|\b.*)|(?:send|write|forward|e?-?mail)(?:\s+to)?\s+(?P<direct>.+))$",
    re.I | re.S,
)
_ENDS_TO = re.compile(
    r"\s*(?:[,;:.!?]\s*(?:and\s+)?)?\b(?:saying|say|telling|tell (?:him|her|them)|that|about|with|"
    r"subject|body|text|to let|to say|regarding|on the|which|and (?:say|tell|ask))\b|:\s|[\"“]",
    re.I,
)
_BODY = re.compile(
    r"(?:\b(?:saying|telling (?:him|her|them)|and (?:say|tell (?:him|her|them))|say|"
    r"tell (?:him|her|them)|that says|to say|with the (?:text|body|message)|"
    r"(?:and )?(?:body|text|message))\b:?(?:\s+that\b)?|\bthat\b|:\s)"
    r"\s*[\"“]?(?P<body>[^\"”]*\w[^\"”]*)",
    re.I | re.S,
)
_SUBJECT = re.compile(
    r"\b(?:with (?:the )?)?subject(?: line)?\b:?\s*(?:\"(?P<q>[^\"]+)\"|“(?P<s>[^”]+)”|(?P<p>.+?))"
    r"(?=\s*(?:[,;.]|\band\b|\bsaying\b|\bbody\b|\btext\b|$))",
    re.I,
)
_ABOUT = re.compile(
    r"\b(?:about|regarding)\s+(?:the\s+)?(?P<topic>.+?)(?=\s*(?:[,:;.]|\bsaying\b|\bthat\b|$))",
    re.I,
)
_LETTER_OF = re.compile(
    r"\b(?:from|by)\s+(?P<from>[\w.@+-]+(?: [A-Z][\w-]+)?)|\b(?P<owner>[\w-]+)['\u2019]s\s+"
    r"(?:last |latest |newest )?(?:letter|e-?mails?|mails?|message)|"
    r"\b(?P<of>[A-Z][\w-]+) (?:letter|mail)\b"
)
_ANSWERED = re.compile(
    r"^(?:reply|answer|respond)(?: to)? (?!the\b|that\b|this\b|it\b)([\w-]+)", re.I
)
_NOT_SENDERS = frozenset(
    ("my", "the", "a", "that", "this", "latest", "any", "find", "read", "show", "search", "open")
)
_TOPIC = re.compile(
    r"\b(?:about|for|on|containing|mentioning)\s+(?P<topic>[\w@.' -]+?)\s*(?:[?.!,]|$)", re.I
)

Reading = Generator[tuple[Call, ...], tuple[Result, ...], Result | Answer]


def mail_search(scene: Scene, request: str) -> Task:
    """Letters from somebody or about something, one line each."""
    query = letter_query(request)
    if not query:
        return ask("From whom, or about what, shall I look for mail?")
    result = yield from one("mail_search", query=query, limit=10)
    if result.failure:
        return unread(result)
    lines = [
        f"- {said(row, 'from', 'sender')}: {said(row, 'subject')}" for row in rows(result.value)
    ]
    if not lines:
        return found(f"I found no mail for “{query}”.", result)
    return found(f"Mail for “{query}”:\n" + "\n".join(lines), result)


def mail_read(scene: Scene, request: str) -> Task:
    """What a letter says: its own first sentences."""
    query = letter_query(request)
    if not query:
        return ask("Which letter shall I read? Tell me from whom it is.")
    letter = yield from open_letter(query)
    if isinstance(letter, Answer):
        return letter
    body = said(letter.value, "text", "body", "content") or str(letter.value)
    sender, subject = said(letter.value, "from", "sender"), said(letter.value, "subject")
    begin = f"{sender or query} writes" + (f" about “{subject}”" if subject else "")
    return found(f"{begin}: {first_sentences(body, 4)}", letter)


def mail_send(scene: Scene, request: str) -> Task:
    """A mail: needs recipients and what it says; the subject may follow from the text."""
    to, body = recipients(request), body_of(request)
    if not to:
        return ask("Who shall the mail go to?")
    if not body:
        return ask(f"What should the mail to {' and '.join(to)} say?")
    people = yield from addresses(scene, to)
    if isinstance(people, Answer):
        return people
    result = yield from one("mail_send", to=people, subject=_subject(request, body), body=body)
    return failed(result) if result.failure else found(f"Mail sent to {', '.join(people)}.", result)


def reply(scene: Scene, request: str) -> Task:
    """An answer to somebody's letter, to the address it came from."""
    named = _ANSWERED.match(request)
    query = letter_query(request.split(" saying ", maxsplit=1)[0]) or (named[1] if named else "")
    body = body_of(request)
    if not query:
        return ask("Whose letter shall I answer?")
    if not body:
        return ask(f"What should I answer to {query}?")
    letter = yield from open_letter(query)
    if isinstance(letter, Answer):
        return letter
    sender = values.ADDRESS.search(said(letter.value, "from", "sender", "reply_to"))
    if not sender:
        return ask("That letter has no address to answer to. Who shall the mail go to?")
    subject = re.sub(r"^(?:re:\s*)+", "", said(letter.value, "subject"), flags=re.I)
    result = yield from one("mail_send", to=[sender[0]], subject=f"Re: {subject}", body=body)
    return failed(result) if result.failure else found(f"Mail sent to {sender[0]}.", result)


def open_letter(query: str) -> Reading:
    """Search, then read the best hit: the one whose sender carries the name, else the first."""
    hits = yield from one("mail_search", query=query, limit=5)
    if hits.failure:
        return unread(hits)
    listed = rows(hits.value)
    if not listed:
        return Answer(f"I found no letter for “{query}”.", False)
    best = [row for row in listed if query.lower() in said(row, "from", "sender").lower()]
    letter_id = said((best or listed)[0], "message_id", "id", "uid")
    letter = yield from one("mail_read", message_id=letter_id)
    return unread(letter) if letter.failure else letter


def letter_query(request: str) -> str:
    """What to search the mailbox for: whose letter, else its topic; empty when neither is said."""
    for match in _LETTER_OF.finditer(request):
        who = next(part for part in match.groups() if part)
        if who.lower() not in _NOT_SENDERS:
            return who
    topic = _TOPIC.search(request)
    return topic["topic"].strip() if topic else ""


def recipients(request: str) -> tuple[str, ...]:
    """Whom a mail is for: names or addresses."""
    match = _TO.match(request.strip())
    if not match:
        return ()
    phrase = match["to"] or match["direct"] or match["first"] or ""
    # "Send the list to x@y": what stands before "to" is no recipient.
    sent_to = re.match(r".*\bto\s+(\S+@\S+.*)", phrase, re.I | re.S) if match["direct"] else None
    phrase = sent_to[1] if sent_to else phrase
    ends = _ENDS_TO.search(phrase)
    phrase = phrase[: ends.start()] if ends else phrase
    cleaned = (
        re.sub(r"^(?:to|an?|the)\s+|\s+an?$", "", n, flags=re.I) for n in values.names(phrase)
    )
    return tuple(
        name for name in cleaned if name.lower() not in ("", "a", "an", "the", "to", "e-mail")
    )


def body_of(request: str) -> str:
    """The text of a mail: what follows "saying", "that", "body" or a colon."""
    rest = _SUBJECT.sub(" ", request)
    match = _BODY.search(rest)
    return match["body"].strip().strip('"“”').strip() if match else ""


def _subject(request: str, body: str) -> str:
    match = _SUBJECT.search(request)
    if match:
        return str(match["q"] or match["s"] or match["p"]).strip()
    topic = _ABOUT.search(request[: request.find(body)] if body in request else request)
    if topic:
        return _capital(topic["topic"].strip())
    words = first_sentences(body, 1).rstrip(".!?").split()
    return _capital(" ".join(words[:8]))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
