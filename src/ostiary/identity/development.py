"""Whether the embedded development issuer may run.

It gives tokens to whoever can reach it and knows a client secret, and its tokens open everything.
So it is on by default only where nobody else can reach it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ostiary.settings import is_loopback


class Standing(StrEnum):
    """What comes of the switches."""

    ON = "on"
    OFF = "off"
    REFUSED = "refused"
    """It was asked for where it must not run: the server does not start."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A standing and the sentence that explains it, for the log or the error at start."""

    standing: Standing
    reason: str


def decide(host: str, *, wanted: bool | None, anywhere: bool = False) -> Decision:
    """Decide by the address the server listens on, the switch, and the second switch.

    ``wanted`` is None when the operator said nothing. ``anywhere`` is the second, explicit switch
    that allows it on an address that others can reach.
    """
    local = is_loopback(host)
    if wanted is False:
        return Decision(Standing.OFF, "The development issuer is switched off.")
    if local:
        return Decision(Standing.ON, "The development issuer runs: the server is on loopback.")
    if wanted is None:
        return Decision(
            Standing.OFF,
            f"The development issuer is off because the server listens on {host or 'every address'}"
            ", which is not loopback.",
        )
    if anywhere:
        return Decision(
            Standing.ON,
            f"The development issuer runs on {host or 'every address'}, where others can reach it: "
            "whoever knows a client secret gets tokens that open this server.",
        )
    return Decision(
        Standing.REFUSED,
        f"The development issuer does not run on {host or 'every address'} without a second "
        "switch: listen on 127.0.0.1, switch it off, or allow it on any address explicitly.",
    )
