"""The error tree. A class docstring is the sentence a person sees; details go to the log."""

from __future__ import annotations


class SignoffError(Exception):
    """Something went wrong on our side. Nothing was changed."""

    @property
    def sentence(self) -> str:
        """What a person is told: the message given, or else the class docstring."""
        if self.args and isinstance(self.args[0], str):
            return self.args[0]
        return (type(self).__doc__ or SignoffError.__doc__ or "").strip()

    def __str__(self) -> str:
        return self.sentence


class ConfigError(SignoffError):
    """The configuration cannot be used."""


class InvalidTransition(SignoffError):
    """This step is not possible any more."""


class LeaseLost(SignoffError):
    """Another worker has taken this over."""


class StorageError(SignoffError):
    """The database cannot be reached. Please try again in a minute."""


class ApprovalError(SignoffError):
    """This approval cannot be handled."""


class ToolError(SignoffError):
    """The tool could not do this."""


class ModelError(SignoffError):
    """The language model cannot be reached right now. Please try again in a minute."""


class RecallError(SignoffError):
    """Notes cannot be reached right now."""


class AuditError(SignoffError):
    """The log cannot be written, so nothing was done."""


class GraphError(SignoffError):
    """This conversation could not be continued."""
