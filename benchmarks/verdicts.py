"""What a verdict costs with 200 rules: indexed by tool, and with every rule evaluated.

`python -m benchmarks verdicts`. The same refund is judged again and again in rounds
that alternate between the files, so that a busy machine hits all alike. *Indexed*: 200 rules over
50 tools, four of them about this one. *Every rule*: 200 rules about every tool, by plain keys and,
in the third file, each with a condition in CEL. No rule applies, so none is skipped.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from approvals.people import People
from approvals.policy.file import parse_policy
from approvals.policy.judge import Policy, Subject, judge
from benchmarks.figures import Figure
from core.money import Money
from core.origins import Origin

RULES = 200
TOOLS = 50
ROUNDS = 5
#: Targets, microseconds a verdict.
TARGETS_US = {"indexed by tool": 50, "every rule, plain keys": 250, "every rule, CEL": 250}

PEOPLE = """
workspace: T0PRACTICE
people: [{id: ana, name: Ana Berg, slack_id: U0ANA, roles: [support]}]
"""


def measure(verdicts: int) -> list[Figure]:
    """The median of each file in microseconds beside its target."""
    people = People.parse(PEOPLE, Path("people.yaml"))
    subject = _subject(people)
    times: dict[str, list[float]] = {name: [] for name in TARGETS_US}
    for _ in range(ROUNDS):
        for name, policy in _policies().items():
            judge(policy, people, subject)
            times[name] += _timed(policy, people, subject, verdicts // ROUNDS)
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    base = medians["indexed by tool"]
    return [
        Figure(
            f"verdict, {RULES} rules, {name}",
            f"{median:.1f} us, {median / base:.1f}x indexed",
            f"< {TARGETS_US[name]} us",
            median < TARGETS_US[name],
            f"median of {verdicts} verdicts on one refund, in {ROUNDS} alternating rounds",
        )
        for name, median in medians.items()
    ]


def _timed(policy: Policy, people: People, subject: Subject, count: int) -> list[float]:
    taken = []
    for _ in range(count):
        start = time.perf_counter()
        judge(policy, people, subject)
        taken.append((time.perf_counter() - start) * 1e6)
    return taken


def _policies() -> dict[str, Policy]:
    plain = [f"tool: tool{n % TOOLS}.do, above: {1000 + n} EUR" for n in range(RULES)]
    every = [f"tool: '*', above: {1000 + n} EUR" for n in range(RULES)]
    cel = [f'tool: "*", when: "args.amount.minor > {100000 + n}"' for n in range(RULES)]
    return dict(zip(TARGETS_US, map(_policy, (plain, every, cel)), strict=True))


def _policy(conditions: list[str]) -> Policy:
    rules = "\n".join(
        f"  - {{name: r{n}, {condition}, who: group:finance}}"
        for n, condition in enumerate(conditions)
    )
    head = "default_approvers: group:operations\nrules:\n"
    return parse_policy(head + rules, Path("policy.yaml"))


def _subject(people: People) -> Subject:
    ana = people.by_id("ana")
    assert ana is not None
    return Subject(
        tool="tool7.do",
        effect="irreversible",
        args={"order": "4711", "amount": {"minor": 18000, "currency": "EUR"}},
        principal=ana,
        channel="C0SUPPORT",
        automation="assistant",
        origins={"/order": Origin.REQUESTER, "/amount/minor": Origin.REQUESTER},
        authority=("order", "amount"),
        amount=Money(18000, "EUR"),
    )
