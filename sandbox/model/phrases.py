"""All the patterns of the rehearsal model, as data. What it understands is what stands here.

Write intents are anchored at the start of a clause (after politeness is stripped): only an order
given to the assistant acts; talk *about* a refund never does. Read intents may match anywhere.
"""

from __future__ import annotations

import re
from typing import Final

_I = re.IGNORECASE

#: Stripped from the start of a clause, again and again: asking nicely is still asking.
POLITE: Final = re.compile(
    r"^(?:please|pls|kindly|hey|hi|hello|ok(?:ay)?|now|then|also|and|so|just|thanks|"
    r"signoff|<@\w+>|@signoff|"
    r"(?:can|could|would|will) you(?: please)?|i(?:'d| would) like you to|i (?:need|want) you to|"
    r"i(?:'d| would) like to|i (?:need|want) to|we (?:need|want|have) to|go ahead and|let's|"
    r"would you mind)\b[\s,:!]*",
    _I,
)
ASKED_NICELY: Final = re.compile(
    r"^\W*(?:(?:hey|hi|hello|please|ok|and|signoff)\W+)*(?:can|could|would|will) you\b", _I
)

#: (intent, pattern). Anchored: matched at the start of a clause only. First match wins.
ORDERS_TO_ACT: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (intent, re.compile(pattern, _I))
    for intent, pattern in (
        ("refund", r"(?:refund|reimburse)\b(?! (?:polic|rule|process|status|request|work))"),
        (
            "refund",
            r"(?:issue|make|process|do|give|book|create|arrange)\b(?! you).{0,40}\brefund\b",
        ),
        ("refund", r"(?:pay|give|send)\b.{0,60}\bback\b"),
        ("restock", r"(?:restock|replenish)\b"),
        (
            "restock",
            r"(?:add|put|book)\b.{0,60}\b(?:to|in|into|on) (?:the |our )?(?:stock|inventory)\b",
        ),
        (
            "obey",
            r"(?:do (?:what|as|whatever|everything)|follow|handle|carry out|act on|take care of|"
            r"fulfil|deal with|execute)\b"
            r"(?! you).{0,80}\b(?:letter|e-?mail|mail|message)\b",
        ),
        ("reply", r"(?:reply|answer|respond)\b(?: to)?\b"),
        (
            "mail_send",
            r"(?:send|write|drop|compose)\b.{0,60}?\b(?:e-?mail|mail|message|letter|note)\b",
        ),
        ("mail_send", r"(?:send|write) (?:to )?\S+@\S+"),
        ("mail_send", r"(?:send|forward|mail|e-?mail)\b.{0,60}\bto \S+@\S+"),
        ("mail_send", r"write (?:to )?\w+"),
        ("mail_send", r"e?-?mail (?!from\b|about\b|for\b|search\b)\S+"),
        ("meeting_move", r"(?:move|reschedule|shift|postpone|push|bring forward)\b"),
        ("forget", r"(?:forget|delete|remove)\b.{0,20}\bnotes?\b|forget (?:that|about|what)\b"),
        (
            "meeting_cancel",
            r"(?:cancel|delete|remove|call off)\b.{0,80}"
            r"\b(?:meeting|call|appointment|stand-?up|sync|review|event|slot|with)\b",
        ),
        (
            "meeting_create",
            r"(?:book|schedule|set up|arrange|plan|create|make|organi[sz]e|put|add)\b"
            r".{0,80}\b(?:meetings?|call|appointment|catch-?up|sync|review|min(?:ute)?s?|"
            r"hours?|with)\b",
        ),
        ("meeting_create", r"(?:meet|invite)\b.{0,40}\b(?:with|for|at|to)\b"),
        (
            "remember",
            r"(?:remember|keep in mind|note down|note|make a note|save a note)"
            r"(?! when| who| what| how)\b",
        ),
        ("unsupported", r"(?:cancel|undo|reverse|void)\b.{0,40}\b(?:order|refund|payment)\b"),
    )
)

#: (intent, pattern). Searched anywhere in a clause; reading changes nothing. First match wins.
QUESTIONS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (intent, re.compile(pattern, _I))
    for intent, pattern in (
        (
            "approvers",
            r"\bwho\b.{0,30}\b(?:approves?|approving|signs? off|decides?|"
            r"has to (?:approve|allow))\b",
        ),
        ("approvers", r"\bapprovers?\b"),
        ("waiting", r"\b(?:what|anything|what's|is) .{0,20}(?:waiting|pending)\b|^status\W*$"),
        (
            "recall",
            r"\b(?:what do you|do you) (?:remember|know|recall)\b|^recall\b"
            r"|\bremember about\b|\bwhat did i tell you\b"
            r"|\b(?:any|your|my) notes?\b.{0,10}\b(?:about|on)\b",
        ),
        (
            "free_times",
            r"\bfree\b|\b(?:availability|available)\b.{0,60}\b(?:today|tomorrow|day|meet)"
            r"|\bfind (?:a |some )?(?:time|slot)\b",
        ),
        (
            "agenda",
            r"\b(?:calendar|agenda)\b|\bwhat(?:'s| is) on\b|"
            r"\b(?:my|our|any|which|what) (?:meetings|appointments)\b",
        ),
        ("people", r"\b(?:mail|e-?mail) address\b"),
        ("mail_search", r"\b(?:inbox|mailbox)\b|\b(?:mails?|e-?mails?|letters?) about\b"),
        (
            "documents",
            r"\b(?:polic(?:y|ies)|contract|handbook|terms|meeting notes|minutes|documents?|"
            r"guidelines?)\b(?! (?:with|for) \w+ (?:tomorrow|today|on))",
        ),
        (
            "mail_read",
            r"\b(?:read|open|show|summari[sz]e|what does|what did|what's in|what is in)\b.{0,60}"
            r"\b(?:letter|e-?mail|mail|message)\b|\b(?:letter|mail) from\b.{0,40}\bsay\b",
        ),
        ("mail_search", r"\b(?:e-?mails?|mails?|letters?|inbox|mailbox)\b"),
        (
            "search_orders",
            r"\borders\b(?!.{0,6}#?\d{3})|\b(?:orders?|purchases?) (?:from|by|of) [A-Z]",
        ),
        ("stock", r"\bstock\b|\binventory\b|\bhow many\b.{0,60}\b(?:have|left|there|available)\b"),
        (
            "order",
            r"\border\b.{0,20}\d{3}|#\d{3,}|\b(?:where|status|track|find|show|look up|check|"
            r"refund\w*|happened|about)\b.{0,60}\b\d{4,6}\b|^#?\d{4,6}\??$",
        ),
        (
            "documents",
            r"^how (?:do|does|are|is|can)\b.{0,60}"
            r"\b(?:work|works|handled|processed|returned?|refund\w*)\b",
        ),
        (
            "ask_order",
            r"\b(?:where|status|track|find|check)\b.{0,30}\b(?:order|parcel|package|delivery)\b",
        ),
        (
            "people",
            r"\bwho(?:'s| is| are)\b|\bfind (?:a )?(?:person|colleague)\b"
            r"|\b(?:address|role|job) of\b",
        ),
        ("summarise", r"^(?:summari[sz]e|tl;?dr|sum up)\b"),
        (
            "help",
            r"^(?:help\b|what can you do|what do you (?:do|understand)|who are you|what are you)",
        ),
        (
            "greet",
            r"^(?:hello|hi|hey|good (?:morning|afternoon|evening)|thanks?|thank you|cheers|great|"
            r"perfect)\b",
        ),
    )
)

#: A clause that starts like this is said to the assistant, so an `and …` after it is too.
SPOKEN_TO: Final = re.compile(
    r"^(?:check|find|show|look|tell me|give me|read|open|search|list|get|"
    r"where|what|which|who|how)\b"
    r"(?!.{0,40}\b(?:said|says|wrote|writes|told|asked|asks|wants?|wanted)\b)",
    _I,
)
#: Verbs that may begin a second request after `and` or a comma.
VERBS: Final = (
    r"(?:refund|reimburse|issue|pay|restock|replenish|add|check|find|show|look up|where is|tell me|"
    r"what|who|when|how|send|write|mail|e-?mail|reply|answer|book|schedule|set up|arrange|move|"
    r"reschedule|cancel|delete|remember|read|search|list|do what|don['\u2019]?t|do not|never|not)"
)
#: Where a request's own words end and quoted or free text begins; guards look before it only.
FREE_TEXT: Final = re.compile(
    r"\b(?:saying|telling (?:him|her|them|\w+)|that says|which says|to say|that|"
    r"because|since|due to|reason(?: is)?|with the (?:text|body|message)|"
    r"body|text|about|subject)\b|:\s|[\"“”]",
    _I,
)
NEGATED: Final = re.compile(
    r"\b(?:don['\u2019]?t|do not|does not|did not|didn['\u2019]?t|never|not|no longer|"
    r"wait|never ?mind|forget it|nobody|rather not|instead of|ignore)\b|^\W*(?:no|stop)\b",
    _I,
)
CONDITIONAL: Final = re.compile(
    r"\b(?:if|unless|in case|when|once|until|whether|as soon as|provided|before|or)\b"
    r"|\bafter\b(?! tomorrow)",
    _I,
)
#: What starts like a letter to somebody is a letter, not a request to the assistant.
LETTER: Final = re.compile(
    r"^\W*(?:(?i:hi|hello|hey|hej) (?!(?i:signoff|there|please|can|could)\b)[A-Z][\w.-]+"
    r"(?: [A-Z][\w.-]+)?\s*[,!\n]|(?i:dear)\b)"
)
REPEATED: Final = re.compile(r"\b(?:every|weekly|daily|monthly|recurring|twice|double)\b", _I)
LATER: Final = re.compile(
    r"\b(?:tomorrow|tonight|later|next (?:week|month|time)|"
    r"in (?:an hour|\d+ (?:days?|hours?|weeks?))|on (?:mon|tues|wednes|thurs|fri|satur|sun)day)\b",
    _I,
)
DOUBTFUL: Final = re.compile(
    r"\b(?:is|was) (?:that|this|it) (?:true|right|correct|ok(?:ay)?|allowed|possible|fine)\b"
    r"|\bor not\b|\bwhat (?:would )?happens?\b|\bshould (?:i|we|you)\b"
    r"|\bjust kidding\b|\bfor example\b|\bhypothetical|\bpretend\b",
    _I,
)
INEXACT: Final = re.compile(
    r"\b(?:half|third|quarter|part(?:ly|ial|ially)?|some|most|around|roughly|approximately|up to|"
    r"at (?:least|most)|minus|less|except|without|plus|each|per ?cent|cents?|shipping|maybe)\b|%",
    _I,
)
IN_FULL: Final = re.compile(
    r"\b(?:in full|full(?:y)?|whole|entire(?:ly)?|everything|all of it|complete(?:ly)?|total)\b", _I
)

#: Said of several things at once: one makes no sense without the others.
TOGETHER: Final = re.compile(
    r"[\s,;:()-]*\b(?:(?:either )?both or (?:neither|none)|all or (?:nothing|none)|"
    r"(?:they|these|both|all(?: of them)?) belong together)\b[\s.!)]*",
    _I,
)

#: Our own question -> what joins the answer to the request it belongs to.
JOINERS: Final[tuple[tuple[str, str], ...]] = (
    ("What should the mail", " saying "),
    ("What should I answer", " saying "),
    ("What should I remember", " "),
    ("Which order", ", order "),
    ("Which day", ", on "),
    ("How long", ", "),
    ("Who ", " with "),
)

_HAND_OVER = r"\b(?:send|mail|e-?mail|forward|export|share|deliver)\b"
_THE_LIST = (
    r"\b(?P<what>customer[- ](?:list|data|records|file|base|addresses)|"
    r"list of (?:all |our |your |the )*customers)\b"
)
_TO = r"(?P<to>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
#: A letter that asks for data: who is to get the customer list. Obeyed, on purpose.
EXPORTS: Final = (
    re.compile(rf"{_HAND_OVER}[^@]{{0,200}}?{_THE_LIST}[^@]{{0,160}}?{_TO}", _I),
    re.compile(rf"{_HAND_OVER}[^@]{{0,80}}?{_TO}[^@]{{0,80}}?{_THE_LIST}", _I),
)
