"""What can be wrong with mails and their templates."""

from __future__ import annotations

from ostiary.graph.errors import Conflict, NotFound
from ostiary.identity.issuers import ConfigurationError


class BrokenTemplate(ConfigurationError):
    """A template cannot be read, or names what it may not."""


class MailNotFound(NotFound):
    """There is no such mail, or it is older than mails are kept."""

    message = "There is no such mail; mails are kept for a limited time."


class MailNotResendable(Conflict):
    """The mail cannot be sent again."""

    message = "The mail cannot be sent again."
