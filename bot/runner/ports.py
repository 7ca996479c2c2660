"""The eight ports of one office."""

from __future__ import annotations

from dataclasses import dataclass

from bot.runner.embedded import answers
from core.errors import ConfigError


@dataclass(frozen=True)
class Ports:
    """One base port and seven above it, all on loopback."""

    page: int

    def __post_init__(self) -> None:
        if not 1 <= self.page <= 65_528:
            raise ConfigError(f"--port {self.page}: choose one from 1 to 65528; eight are used.")

    @property
    def model(self) -> int:
        return self.page + 1

    @property
    def shop(self) -> int:
        return self.page + 2

    @property
    def smtp(self) -> int:
        return self.page + 3

    @property
    def calendar(self) -> int:
        return self.page + 4

    @property
    def redis(self) -> int:
        return self.page + 5

    @property
    def chroma(self) -> int:
        return self.page + 6

    @property
    def http(self) -> int:
        return self.page + 7

    def require_free(self) -> None:
        """Raise `ConfigError` naming the first port that something else uses."""
        for port in range(self.page, self.page + 8):
            if answers(port):
                raise ConfigError(
                    f"Port {port} is in use. Stop what uses it, or choose other ports: "
                    f"make demo PORT={self.page + 100}"
                )
