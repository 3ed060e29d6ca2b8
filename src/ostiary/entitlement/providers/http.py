"""Origins elsewhere, called by HTTP: the provider that is included.

One POST to one URL, signed like every other call of this server and under the same rules of where
calls may go. ``docs/reference/resource-providers.md`` is the protocol; what is read here is read
tolerantly, and what cannot be understood counts as a failed attempt, never as a success.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from ostiary.directory.objects import Reference
from ostiary.entitlement.providers import wire
from ostiary.entitlement.providers.port import Offer, Refusals, Unreachable
from ostiary.entitlement.providers.settings import ProviderSettings
from ostiary.entitlement.rights import Refusal, Right
from ostiary.extensions.caller import Caller
from ostiary.extensions.calls import Outgoing
from ostiary.extensions.credentials import Credential
from ostiary.identity.catalogue import ENTITLEMENT_MANAGEMENT_APP_ID
from ostiary.storage.ids import new_id

_PROFILES: Final[Mapping[str, Any]] = {"pop": "request", "bearer": "bearer"}


class HTTPProvider:
    """One origin system that is called at one URL."""

    def __init__(self, settings: ProviderSettings, caller: Caller) -> None:
        self.system = settings.system
        self.batch = settings.batch
        self._settings = settings
        self._caller = caller

    async def look_up(self, origin_ids: Sequence[str]) -> dict[str, Offer]:
        """Describe resources; those that do not exist are missing."""
        reply = await self._ask(wire.look_up(self.system, origin_ids))
        try:
            found = msgspec.json.decode(reply, type=wire.Found)
        except msgspec.DecodeError as error:
            raise Unreachable(f"its answer cannot be understood ({error})") from None
        return {one.origin_id: wire.offer(one) for one in found.resources}

    async def change(
        self, give: Sequence[Right], take: Sequence[Right], *, people: Mapping[str, Reference]
    ) -> Refusals:
        """Give and take rights; whatever the origin does not say is done has failed."""
        everything = [*give, *take]
        try:
            reply = await self._ask(wire.change(self.system, give, take, people=people))
            said = msgspec.json.decode(reply, type=wire.Changed)
        except Unreachable as error:
            return dict.fromkeys(everything, Refusal(str(error)))
        except msgspec.DecodeError as error:
            why = Refusal(f"The answer of '{self.system}' cannot be understood ({error}).")
            return dict.fromkeys(everything, why)
        return wire.refusals(everything, said)

    async def _ask(self, body: Mapping[str, Any]) -> bytes:
        """Call the origin and give its reply.

        :raises Unreachable: it did not take the call.
        """
        settings = self._settings
        result = await self._caller.call(
            Outgoing(
                callout_id=new_id(),
                extension_id=f"resources:{self.system}",
                url=settings.url,
                body=msgspec.json.encode(body),
                credential=Credential(
                    profile=_PROFILES[settings.authentication],
                    audience=settings.audience,
                    app_id=ENTITLEMENT_MANAGEMENT_APP_ID,
                ),
                timeout=settings.patience,
                retries=0,
                keeps_reply=True,
            )
        )
        if result.label is not None:
            raise Unreachable(result.reason)
        return result.reply
