"""What the settings say about calls to one extension: nodes keep to it, and commands show it."""

from __future__ import annotations

from ostiary.extensions.circuits import Terms
from ostiary.extensions.rates import Rate
from ostiary.settings import Settings


def terms_of(settings: Settings) -> Terms:
    """Say when an extension is left alone, and for how long its callouts wait at most."""
    return Terms(failures=settings.callout_failures, patience=settings.callout_patience)


def rate_of(settings: Settings) -> Rate | None:
    """Say how often calls to one extension may begin; None: there is no limit."""
    return Rate.of(settings.callout_rate_per_extension)
