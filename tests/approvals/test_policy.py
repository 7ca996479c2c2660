"""Verdicts: deny beats ask beats allow, and what is not known is never allowed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.gaps import gaps
from approvals.people import People
from approvals.policy.file import load_policy, parse_policy
from approvals.policy.judge import Policy, Stage, Subject, Verdict, judge
from core.errors import ConfigError
from core.money import Money
from core.origins import Origin
from tests.approvals.conftest import ROOT

FILE = Path("config/policy.yaml")
PEOPLE = People.load(ROOT / "config" / "people.yaml")
STARTER = load_policy(ROOT / FILE)


def asker(name: str) -> object:
    found = PEOPLE.by_id(name)
    assert found is not None
    return found


EUR_180 = Money(18000, "EUR")


def refund(amount: Money | None = EUR_180, **changes: object) -> Subject:
    origins = {
        "/order": Origin.REQUESTER,
        "/amount/minor": Origin.REQUESTER,
        "/amount/currency": Origin.REQUESTER,
    }
    subject = Subject(
        tool="shop.refund",
        effect="irreversible",
        args={"order": "4711", "amount": {"minor": 18000, "currency": "EUR"}},
        principal=asker("ana"),  # type: ignore[arg-type]
        channel="C0SUPPORT",
        automation="assistant",
        origins=origins,
        authority=("order", "amount"),
        amount=amount,
    )
    return replace(subject, **changes)  # type: ignore[arg-type]


def mail(to: str, origin: Origin, *, outside: bool = True) -> Subject:
    return refund(
        None,
        tool="mail.send",
        args={"to": [to], "subject": "Hello", "body": "Hello"},
        origins={"/to/0": origin, "/subject": Origin.MODEL, "/body": Origin.MODEL},
        authority=("to",),
        outside=outside,
        recipients=(to,),
    )


def starter(subject: Subject) -> Verdict:
    return judge(STARTER, PEOPLE, subject)


def policy(rules: str, head: str = "default_approvers: group:operations") -> Policy:
    return parse_policy(f"{head}\nrules:\n{rules}", FILE)


# The starter file.


def test_a_refund_above_100_asks_finance_with_four_eyes() -> None:
    """R101."""
    verdict = starter(refund())

    finance = Stage(
        "group:finance", 1, "refunds above EUR 100 need Finance",
        remind_s=4 * 3600, remind_working=True,
        escalate_s=8 * 3600, escalate_working=True, escalate_to="group:operations",
    )  # fmt: skip
    assert verdict == Verdict(
        kind="ask",
        reason="refunds above EUR 100 need Finance",
        rules=("refunds above EUR 100",),
        stages=(finance,),
        expires_in_s=3 * 86_400,
        four_eyes=True,
        effect="irreversible",
        digests={"policy": STARTER.digest, "people": PEOPLE.digest},
    )
    assert Verdict.from_json(verdict.as_json()) == verdict


@pytest.mark.parametrize(("cents", "who"), [(10000, "requester"), (10001, "group:finance")])
def test_the_limit_itself_is_still_below(cents: int, who: str) -> None:
    assert [stage.who for stage in starter(refund(Money(cents, "EUR"))).stages] == [who]


def test_a_small_refund_asked_for_by_sales_needs_finance() -> None:
    """R103."""
    verdict = starter(refund(Money(500, "EUR"), principal=asker("sam")))

    assert [stage.who for stage in verdict.stages] == ["group:finance"]
    assert verdict.reason == "refunds asked for outside support need Finance"


def test_an_amount_in_another_currency_cannot_be_compared_and_is_asked_of_others() -> None:
    """R102."""
    verdict = starter(refund(Money(1, "USD")))

    assert (verdict.kind, verdict.four_eyes) == ("ask", True)
    assert "group:finance" in [stage.who for stage in verdict.stages]
    assert "requester" not in [stage.who for stage in verdict.stages]
    assert "USD 0.01 cannot be compared" in verdict.reason


def test_a_refund_without_an_amount_is_denied() -> None:
    verdict = starter(refund(None))

    assert verdict.kind == "deny"
    assert "a fact it needs is not known" in verdict.reason


def test_reads_are_allowed_whatever_named_their_arguments() -> None:
    subject = refund(tool="shop.find_order", effect="read", origins={}, amount=None)

    assert (starter(subject).kind, starter(subject).reason) == (
        "allow",
        "reads need no approval",
    )


def test_kappels_recipient_is_refused_in_a_persons_words() -> None:
    verdict = starter(mail("exports@kappel-data.example", Origin.MAIL))

    assert (verdict.kind, verdict.reason) == (
        "deny",
        "the recipient exports@kappel-data.example is from a letter, not from Ana",
    )


def test_a_known_recipient_from_a_letter_is_asked_and_never_just_confirmed() -> None:
    verdict = starter(mail("jonas.kappel@kappel-gmbh.example", Origin.MAIL))

    assert (verdict.kind, verdict.four_eyes) == ("ask", True)
    assert [stage.who for stage in verdict.stages] == ["group:operations"]


def test_a_recipient_the_model_made_up_is_refused() -> None:
    verdict = starter(mail("someone@elsewhere.example", Origin.MODEL))

    assert verdict.kind == "deny"
    assert "was made up by the model, not from Ana" in verdict.reason


@pytest.mark.parametrize(
    ("origin", "outside", "who"),
    [
        (Origin.REQUESTER, False, "requester"),
        (Origin.FIRST_PARTY, False, "requester"),
        (Origin.COLLEAGUE, False, "requester"),
        (Origin.REQUESTER, True, "group:operations"),
    ],
)
def test_mail_is_confirmed_inside_and_asked_outside(
    origin: Origin, outside: bool, who: str
) -> None:
    verdict = starter(mail("finn@lindqvist.example", origin, outside=outside))

    assert [stage.who for stage in verdict.stages] == [who]


def test_a_refund_whose_amount_stands_in_a_letter_is_never_just_confirmed() -> None:
    origins = {"/order": Origin.REQUESTER, "/amount/minor": Origin.MAIL}

    verdict = starter(refund(Money(500, "EUR"), origins=origins))

    assert [stage.who for stage in verdict.stages] == ["group:finance"]
    assert "the amount 18000 is from a letter, not from Ana (and 1 more like it)" in verdict.reason


@pytest.mark.parametrize(
    ("origin", "quorum"),
    [(Origin.REQUESTER, 1), (Origin.EDITOR, 1), (Origin.MAIL, 2), (Origin.WEB, 2)],
)
def test_a_rule_about_untrusted_values_raises_how_many_must_agree(
    origin: Origin, quorum: int
) -> None:
    rules = (
        "  - {name: refunds, tool: shop.refund, who: group:finance}\n"
        "  - {name: from elsewhere, tool: shop.refund, untrusted: true, who: group:finance,"
        " quorum: 2}\n"
    )
    origins = {
        "/order": origin,
        "/amount/minor": Origin.REQUESTER,
        "/amount/currency": Origin.REQUESTER,
    }

    verdict = judge(policy(rules), PEOPLE, refund(origins=origins))

    assert [(stage.who, stage.quorum) for stage in verdict.stages] == [("group:finance", quorum)]


def test_a_tool_nobody_declared_is_denied() -> None:
    """R51."""
    assert starter(refund(tool="", effect="irreversible")).kind == "deny"
    assert (
        starter(refund(tool="shop.burn", effect="")).reason == "there is no tool called shop.burn"
    )


def test_a_write_no_rule_speaks_of_asks_the_default_approvers() -> None:
    verdict = starter(refund(tool="crm.delete", amount=None))

    assert (verdict.kind, verdict.four_eyes) == ("ask", True)
    assert [stage.who for stage in verdict.stages] == ["group:operations"]


# The laws.


@dataclass(frozen=True)
class _Says:
    yaml: str
    kind: str


SAYS = [
    _Says("allow: true", "allow"),
    _Says("ask: requester", "ask"),
    _Says("who: group:finance", "ask"),
    _Says("deny: true", "deny"),
]
RANK = ["allow", "ask", "deny"]


@given(st.lists(st.sampled_from(SAYS), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_sternest_rule_wins_whatever_the_order(
    says: Sequence[_Says], shuffled: random.Random
) -> None:
    lines = [f"  - {{name: r{i}, tool: shop.refund, {say.yaml}}}" for i, say in enumerate(says)]
    mixed = list(lines)
    shuffled.shuffle(mixed)

    verdict = judge(policy("\n".join(lines)), PEOPLE, refund())
    other = judge(policy("\n".join(mixed)), PEOPLE, refund())

    assert verdict.kind == max((say.kind for say in says), key=RANK.index)
    assert (other.kind, set(other.stages), other.four_eyes) == (
        verdict.kind,
        {replace(stage, why=other_why(other, stage)) for stage in verdict.stages},
        verdict.four_eyes,
    )


def other_why(verdict: Verdict, stage: Stage) -> str:
    """The same reasons may stand in another order."""
    (same,) = [each for each in verdict.stages if each.who == stage.who]
    assert sorted(same.why.split("; ")) == sorted(stage.why.split("; "))
    return same.why


@given(st.integers(1, 10**9), st.sampled_from(["EUR", "USD", "JPY"]))
def test_no_amount_slips_past_a_threshold(minor: int, currency: str) -> None:
    """R101."""
    rules = policy(
        "  - {name: big, tool: pay, above: 100 EUR, deny: true}\n"
        "  - {name: small, tool: pay, at_most: 100 EUR, allow: true}"
    )

    verdict = judge(rules, PEOPLE, refund(Money(minor, currency), tool="pay"))

    expected = "ask" if currency != "EUR" else "deny" if minor > 10_000 else "allow"
    assert verdict.kind == expected


def test_a_confirmation_never_covers_what_a_letter_chose() -> None:
    rules = policy("  - {name: c, tool: shop.refund, ask: requester}")

    verdict = judge(rules, PEOPLE, refund(origins={}))

    assert [stage.who for stage in verdict.stages] == ["group:operations"]
    assert verdict.four_eyes


def test_several_asking_rules_ask_each_once_with_the_highest_quorum() -> None:
    rules = policy(
        "  - {name: a, tool: shop.refund, who: group:finance, quorum: 2, why: it is much}\n"
        "  - {name: b, tool: '*', who: group:finance, why: it is money, expires: 4 h}\n"
        "  - {name: c, effect: write, ask: requester}\n"
        "  - {name: d, effect: irreversible, who: person:olga, four_eyes: false}"
    )

    verdict = judge(rules, PEOPLE, refund())

    assert verdict.stages == (
        Stage("group:finance", 2, "it is much; it is money"),
        Stage("person:olga", 1, "the rule “d” says so"),
    )
    assert (verdict.four_eyes, verdict.expires_in_s) == (True, 4 * 3600)


@pytest.mark.parametrize(
    ("condition", "kind"),
    [
        ("actor.id == 'ana' && 'support' in actor.roles", "allow"),
        ("origin['/order'] == 'requester' && cost.minor > 100", "allow"),
        ("args.order.startsWith('47') && channel == 'C0SUPPORT'", "allow"),
        ("[1, 2].exists(x, x == 2)", "allow"),
        ("tool == 'mail.send'", "ask"),
        ("args.nothing == 'here'", "ask"),
    ],
)
def test_a_condition_in_cel_is_asked_after_the_plain_keys(condition: str, kind: str) -> None:
    rules = policy(f'  - {{name: c, allow: true, when: "{condition}"}}')

    assert judge(rules, PEOPLE, refund()).kind == kind


@pytest.mark.parametrize(
    ("condition", "kind"),
    [
        ("args: {order: '4711'}", "allow"),
        ("args: {order: ['1', '47*']}", "allow"),
        ("args: {order: '4712'}", "ask"),
        ("args: {amount.currency: EUR, amount.minor: 18000}", "allow"),
        ("args: {nothing: here}", "ask"),
        ("asker: [ana, sam]", "allow"),
        ("asker: sam", "ask"),
        ("between: 08:00-18:00", "allow"),
        ("between: 10:31-18:00", "ask"),
        ("between: 08:00-10:30", "ask"),
        ("between: 22:00-10:31", "allow"),
        ("between: 22:00-10:30", "ask"),
        ("weekday: mon-fri", "allow"),
        ("weekday: [sat, sun]", "ask"),
        ("between: 08:00-18:00, weekday: fri", "allow"),
    ],
)
def test_arguments_askers_and_times_are_conditions(condition: str, kind: str) -> None:
    """R103."""
    rules = policy(f"  - {{name: c, allow: true, {condition}}}")

    verdict = judge(rules, PEOPLE, refund(hour=10, minute=30, weekday="fri"))

    assert verdict.kind == kind


@pytest.mark.parametrize(
    ("to", "denied", "allowed"),
    [
        (["x@EVIL.example"], "deny", "ask"),
        (["\uff58@evil.example"], "deny", "ask"),
        (["ana@ours.example"], "ask", "allow"),
        (["ana@ours.example", "x@evil.example"], "deny", "ask"),
        (["ANA@OURS.example"], "ask", "ask"),
        ([], "ask", "ask"),
    ],
)
def test_a_rule_that_refuses_fits_any_spelling_of_any_value_and_one_that_allows_all(
    to: list[str], denied: str, allowed: str
) -> None:
    subject = replace(mail("", Origin.REQUESTER), args={"to": to, "lines": [{"to": t} for t in to]})
    refuses = policy("  - {name: n, tool: mail.send, deny: true, args: {to: '*@evil.example'}}")
    within = policy("  - {name: n, tool: '*', deny: true, args: {lines.to: '*@evil.example'}}")
    passes = policy("  - {name: n, tool: mail.send, allow: true, args: {to: '*@ours.example'}}")
    confirms = policy("  - {name: n, tool: '*', ask: requester, args: {to: '*@ours.example'}}")

    kinds = [judge(rules, PEOPLE, subject).kind for rules in (refuses, within, passes)]
    asked = judge(confirms, PEOPLE, subject)

    assert kinds == [denied, denied, allowed]
    assert (asked.stages[0].who == "requester") == (allowed == "allow")


def test_a_condition_on_a_time_or_an_argument_that_is_not_known_is_never_passed_over() -> None:
    at_night = policy("  - {name: n, deny: true, between: 22:00-06:00}")
    named = policy("  - {name: n, tool: shop.refund, deny: true, args: {reason: fraud}}")
    others = policy("  - {name: n, tool: '*', deny: true, args: {reason: fraud}}")
    surely_not = policy("  - {name: n, tool: shop.refund, deny: true, args: {reason: x, order: y}}")

    kinds = [judge(rules, PEOPLE, refund()).kind for rules in (at_night, named, others, surely_not)]

    assert kinds == ["deny", "deny", "ask", "ask"]


def test_reminders_and_escalations_come_from_the_stage_the_rule_or_the_file() -> None:
    head = "default_approvers: group:operations\nremind: 1 day"
    rules = policy(
        "  - name: a\n    tool: shop.refund\n"
        "    escalate: {after: 4 working hours, who: person:olga}\n    ask:\n"
        "      - {who: group:finance, remind: 2 working hours}\n"
        "      - {who: group:sales, escalate: {after: 2 h, who: group:support, instead: true}}",
        head,
    )

    stages = judge(rules, PEOPLE, refund()).stages
    (default,) = judge(rules, PEOPLE, refund(tool="crm.delete", amount=None)).stages

    why = "the rule “a” says so"
    assert stages == (
        Stage(
            "group:finance", 1, why, remind_s=2 * 3600, remind_working=True,
            escalate_s=4 * 3600, escalate_working=True, escalate_to="person:olga",
        ),
        Stage(
            "group:sales", 1, why, remind_s=86_400,
            escalate_s=2 * 3600, escalate_to="group:support", instead=True,
        ),
    )  # fmt: skip
    assert default == Stage("group:operations", 1, "no rule says otherwise", remind_s=86_400)


def test_of_two_rules_about_one_group_the_sooner_time_counts() -> None:
    lines = [
        "  - {name: a, effect: write, who: group:finance, remind: 1 day, hand_to: group:sales,"
        " escalate: {after: 1 day, who: group:sales}}",
        "  - {name: b, effect: write, who: group:finance, remind: 4 working hours,"
        " escalate: {after: 1 working day, who: group:support}}",
    ]

    for order in (lines, lines[::-1]):
        (stage,) = judge(policy("\n".join(order)), PEOPLE, refund()).stages
        assert (stage.remind_s, stage.remind_working) == (4 * 3600, True)
        assert (stage.escalate_s, stage.escalate_to, stage.hand_to) == (86_400, "group:sales", "")


def test_how_long_a_question_stands_and_what_silence_means() -> None:
    rules = policy(
        "  - {name: a, effect: write, who: group:finance, expires: 2 working days}\n"
        "  - {name: b, tool: shop.refund, who: group:finance, on_expiry: reject, expires: 5 days}"
    )

    both = judge(rules, PEOPLE, refund())
    working = judge(rules, PEOPLE, refund(tool="mail.send"))

    assert (both.expires_in_s, both.expires_working_s, both.on_expiry) == (
        5 * 86_400, 16 * 3600, "reject",
    )  # fmt: skip
    assert (working.expires_in_s, working.expires_working_s) == (30 * 86_400, 16 * 3600)
    assert Verdict.from_json(both.as_json()) == both


def test_a_refusing_condition_that_cannot_be_checked_refuses() -> None:
    rules = policy("  - {name: c, deny: true, when: args.nothing == 1}")

    assert judge(rules, PEOPLE, refund()).kind == "deny"


@pytest.mark.parametrize(
    "condition",
    ["args.amount.minor / 0 == 1", "args.amount.minor % 0 == 1", "args.order.matches('(')",
     "args.amount.minor * 9223372036854775807 > 0", "args.order[0] == '4'",
     "timestamp(args.order) > timestamp(args.order)", "args.amount > 1"],
)  # fmt: skip
@pytest.mark.parametrize(("outcome", "kind"), [("deny", "deny"), ("allow", "ask")])
def test_a_condition_that_breaks_off_lets_nothing_pass(
    condition: str, outcome: str, kind: str
) -> None:
    rules = policy(f'  - {{name: c, {outcome}: true, when: "{condition}"}}')

    assert judge(rules, PEOPLE, refund()).kind == kind


def test_a_condition_that_gives_no_truth_value_counts_as_unknown() -> None:
    rules = policy("  - {name: c, allow: true, when: 1 + 1}")

    assert judge(rules, PEOPLE, refund()).kind == "ask"


# What `signoff can` says.


@dataclass(frozen=True)
class _Tool:
    name: str
    can: str
    effect: str


TOOLS = [
    _Tool("shop.find_order", "find an order", "read"),
    _Tool("mail.read", "read mail", "read"),
    _Tool("shop.refund", "refund an order", "irreversible"),
    _Tool("notes.remember", "remember a note", "reversible"),
]


def test_the_policy_is_said_in_sentences() -> None:
    """R110."""
    lines = STARTER.sentences(PEOPLE, TOOLS)

    assert lines[:5] == [
        "Reads (find an order, read mail): I just do it.",
        "Refund an order above EUR 100: Finance approves (not the asker; after 1 working day "
        "Operations may too).",
        "Refund an order up to EUR 100, for finance or support: you confirm.",
        "Refund an order asked for by others than support and finance: "
        "Finance approves (not the asker).",
        "Refund an order where what it hits is from a letter, a document, the web or made up: "
        "Finance approves (not the asker).",
    ]
    assert lines[5] == "Remember a note: I just do it."
    assert lines[-1] == "Anything else: Operations approves (not the asker)."
    assert not any(word in " ".join(lines) for word in ("grant", "digest", "Merkle", "stock"))


def test_an_empty_group_is_said_to_be_nobody() -> None:
    rules = policy("  - {name: r, tool: shop.refund, who: group:ghosts}")

    assert rules.sentences(PEOPLE, TOOLS)[0] == (
        "Refund an order: nobody can approve (Ghosts is empty)."
    )


def test_the_approvers_of_a_tool_are_named_in_words() -> None:
    assert STARTER.approvers("shop.refund") == ("Finance", "the person who asks")
    assert STARTER.approvers("crm.delete") == ("Operations", "nobody when it only reads")
    assert STARTER.approvers("notes.remember") == ("nobody",)
    assert STARTER.approvers("calendar.list") == (
        "the person who asks",
        "Operations",
        "nobody when it only reads",
    )


def test_whom_a_rule_asks_although_nobody_is_there_is_said_beforehand() -> None:
    rules = policy(
        "  - {name: a, tool: x, who: group:ghosts}\n"
        "  - {name: b, tool: x, who: group:finance,"
        " escalate: {after: 1 h, who: person:nobody}}\n"
        "  - {name: c, tool: x, who: usergroup:board}"
    )

    assert gaps(rules, PEOPLE) == [
        "The rule “a” asks Ghosts, but group:ghosts has no members in config/people.yaml.",
        "The rule “b” asks Nobody, but nobody in config/people.yaml has the id nobody.",
        "The rule “c” asks Board, but usergroup:board is not under usergroups in "
        "config/people.yaml.",
    ]
    assert gaps(STARTER, PEOPLE) == []


# What a slip in the file is answered with.


@pytest.mark.parametrize(
    ("rules", "line", "says"),
    [
        ("  - {name: a, tool: x, permit: true}", 3, "I do not know the key 'permit'"),
        ("  - {name: a, tool: x}", 3, "must say one of allow, deny, ask or who"),
        ("  - {name: a, allow: true, deny: true}", 3, "it says allow and deny"),
        ("  - name: a\n    above: lots\n    deny: true", 4, "is not an amount with a currency"),
        ("  - name: a\n    who: finance", 4, "'finance' is nobody I can ask"),
        ("  - name: a\n    effect: writing\n    allow: true", 4, "'writing' is not an effect"),
        ("  - name: a\n    expires: soon\n    deny: true", 4, "'soon' is not a span of time"),
        ("  - name: a\n    allow: true\n    when: a >", 5, "cannot be read"),
        ("  - name: a\n    allow: true\n    when: nosuch == 1", 5, "'nosuch', which I do not know"),
        ("  - name: a\n    allow: true\n    when: lower(tool) == 'x'", 5, "no function 'lower'"),
        ("  - {name: a, deny: true}\n  - {name: a, deny: true}", 4, "two rules are called 'a'"),
        ("  - {name: a, ask: requester, quorum: 2}", 3, "the asker is one person"),
        ("  - {name: a, who: group:x, quorum: 0}", 3, "quorum"),
        ("  - name: a\n    ask: []", 4, "names nobody"),
        ("  - name: a\n   deny: true", 4, "Check the indentation"),
        ("  - name: a\n    deny: true\n    between: evening", 5, "is no time of day"),
        ("  - name: a\n    deny: true\n    weekday: [fry]", 5, "no days of the week"),
        ("  - name: a\n    who: group:x\n    remind: often", 5, "'often' is not a span of time"),
        ("  - name: a\n    who: group:x\n    escalate: {after: 1 h}", 5, "who is missing"),
        (
            "  - name: a\n    who: group:x\n    escalate: {after: 1 h, who: requester}",
            5,
            "the asker cannot decide instead of others",
        ),
        ("  - name: a\n    who: group:x\n    hand_to: olga", 4, "'olga' is no group"),
        ("  - name: a\n    ask: requester\n    hand_to: group:x", 4, "is for nobody else"),
        ("  - name: a\n    ask: [{who: group:x}, {who: group:x}]", 4, "asked twice"),
        ("  - name: a\n    deny: true\n    hold: 2 working hours", 5, "runs by the clock alone"),
        ("  - {name: a, untrusted: maybe, deny: true}", 3, "untrusted"),
        ("  - name: a\n    ask: group:x", 4, "Write `who: group:x`"),
        ("  - name: a\n    who: requester", 4, "Write `ask: requester`"),
        ("  - name: a\n    who: group:x\n    cards: here", 5, "'here' is no place for a card"),
    ],
)
def test_a_slip_is_named_with_its_file_line_and_mend(rules: str, line: int, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        policy(rules)

    assert f"config/policy.yaml, line {line}: " in caught.value.sentence
    assert says in caught.value.sentence


@pytest.mark.parametrize("head", ["default_approvers: requester", "default_approvers: []"])
def test_the_default_approvers_must_be_somebody_else(head: str) -> None:
    with pytest.raises(ConfigError, match="somebody other than the asker"):
        policy("  - {name: a, deny: true}", head)


def test_a_rule_says_how_long_a_mail_waits_and_how_long_it_may_be_taken_back() -> None:
    rules = policy(
        """
  - {name: mail, tool: mail.send, allow: true, hold: 1 min, undo: 10 minutes}
  - {name: mail outside, tool: mail.send, outside: true, allow: true, hold: 90 s, undo: 5 min}
  - {name: refunds, tool: shop.refund, who: group:finance, hold: no, undo: no}
  - {name: notes, tool: notes.remember, allow: true}
"""
    )
    known = "finn@lindqvist.example"

    def windows(subject: Subject) -> tuple[int | None, int | None]:
        verdict = judge(rules, PEOPLE, subject)
        return verdict.hold_s, verdict.undo_s

    assert windows(mail(known, Origin.REQUESTER, outside=False)) == (60, 600)
    assert windows(mail(known, Origin.REQUESTER)) == (90, 300)
    assert windows(refund()) == (0, 0)
    assert windows(refund(None, tool="notes.remember")) == (None, None)


def test_a_rule_may_be_about_taking_back_alone() -> None:
    rules = policy(
        """
  - {name: refunds, tool: "shop.*", undoes: false, who: group:finance}
  - {name: taking back, tool: "shop.*", undoes: true, who: "person:olga"}
"""
    )

    assert [s.who for s in judge(rules, PEOPLE, refund()).stages] == ["group:finance"]
    assert [s.who for s in judge(rules, PEOPLE, refund(undoes=True)).stages] == ["person:olga"]


def test_windows_survive_being_kept() -> None:
    verdict = replace(starter(refund()), hold_s=20, undo_s=0)

    assert Verdict.from_json(verdict.as_json()) == verdict
