"""`config/limits.yaml`: how far one turn may go, checked against what SQL says it has used.

Only a step whose answer is not recorded yet is checked: a rebuilt turn passes its earlier steps
again without being asked, and comes to the same end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from core.configfile import read_config
from core.errors import ConfigError, GraphError
from core.money import Money, NotMoney, parse_money
from llm.config import Model

_MEND = "Compare with the starter file config/limits.yaml."
#: Prices are US dollars per million tokens, so a cost can be compared with nothing else.
_CURRENCY = "USD"
_MICROS_PER_CENT = 10_000
_SMALLER = "Please ask for a smaller piece. The owner can change the limit in config/limits.yaml."
_CLEARER = "Please say what is missing, or ask for it differently."


class LimitReached(GraphError):
    """I stopped at a limit that is set for one message."""

    def __init__(self, what: str, reason: str, advice: str = _SMALLER) -> None:
        super().__init__(f"{what} {advice}")
        #: What is told of it, the log's reason (where nobody's words stand), and what to do next.
        self.what, self.reason, self.advice = what, reason, advice


@dataclass(frozen=True)
class Spent:
    """What a turn has used so far."""

    steps: int
    tool_calls: int
    #: Since its beginning, without the time it waited for people.
    worked: timedelta
    tokens: int
    #: Of the answers whose price is known, in millionths of a US dollar.
    cost_micros: int
    #: The call that came out the same most often, in words, and how often.
    repeated: tuple[str, int] | None


@dataclass(frozen=True)
class Budget:
    """What one turn may use. `cost` is None where there is no limit on it."""

    steps: int
    tool_calls: int
    minutes: int
    tokens: int
    cost: Money | None
    repeats: int
    #: Digest of the file's bytes; every turn names it.
    digest: str = ""

    @classmethod
    def load(cls, path: Path) -> Budget:
        """Read the file. Raises `ConfigError` with file, line and what to mend."""
        file = read_config(path)
        turn = file.read_as(_File, _MEND).turn
        place = ("turn", "cost")
        try:
            cost = None if turn.cost is None else parse_money(turn.cost)
        except NotMoney as error:
            raise file.error(place, error.sentence.rstrip("."), _MEND) from error
        if cost is not None and cost.currency != _CURRENCY:
            raise file.error(place, f"{cost} is not in {_CURRENCY}", "Model prices are in USD.")
        plain = turn.model_dump(exclude={"cost"})
        return cls(**plain, cost=cost, digest=file.digest)

    def require_prices(self, model: Model, path: Path) -> None:
        """Raise `ConfigError` when the cost is limited and this model's price is not known."""
        if self.cost is not None and model.cost_micros(1, 1) is None:
            raise ConfigError(
                f"{path}: a limit on the cost cannot be kept, because config/models.yaml names no "
                f"price for {model.model}. Write it there, or take `cost` out of the limits."
            )

    def refuse_beyond(self, spent: Spent) -> None:
        """Raise `LimitReached`, in a sentence for the asker, unless one more step may be taken."""
        reached = self._reached(spent)
        if reached is not None:
            raise LimitReached(f"I stopped {reached}.", f"Stopped {reached}")
        if spent.repeated is not None and spent.repeated[1] >= self.repeats:
            call, times = spent.repeated
            raise LimitReached(
                f"I stopped because I was going round in circles: {times} times I asked for "
                f"{call}, and each time the same came out.",
                f"Stopped because the same call came out the same {times} times",
                _CLEARER,
            )

    def refuse_calls(self, made: int, wanted: int) -> None:
        """Raise `LimitReached` unless these further calls may be made."""
        if made + wanted > self.tool_calls:
            why = (
                f"because this would have taken {_count(made + wanted, 'tool call')}, and "
                f"{self.tool_calls} are allowed for one message"
            )
            raise LimitReached(f"I stopped {why}.", f"Stopped {why}")

    def _reached(self, spent: Spent) -> str | None:
        if spent.steps >= self.steps:
            return f"after {_count(spent.steps, 'step')} without reaching an answer"
        if spent.tool_calls >= self.tool_calls:
            return f"after {_count(spent.tool_calls, 'tool call')} without reaching an answer"
        if spent.worked >= timedelta(minutes=self.minutes):
            return f"after {_count(self.minutes, 'minute')} of work without reaching an answer"
        if spent.tokens >= self.tokens:
            return f"because this message has taken {spent.tokens:,} tokens of the language model"
        if self.cost is not None and spent.cost_micros >= self.cost.minor * _MICROS_PER_CENT:
            return f"because this message has cost {self.cost} of the language model"
        return None


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


class _Turn(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    #: A thread of checkpoints grows with them.
    steps: int = Field(ge=1, le=200)
    tool_calls: int = Field(ge=1)
    minutes: int = Field(ge=1)
    tokens: int = Field(ge=1)
    cost: str | None = None
    repeats: int = Field(ge=2)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1]
    turn: _Turn
