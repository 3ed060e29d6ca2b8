"""The connectivity test: one call that tells an endpoint nothing but that it can be called.

It goes out as every other call does: signed, within the egress policy, and noted in the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import structlog

from ostiary.durable.clock import Clock
from ostiary.extensions import ledger, registry
from ostiary.extensions.caller import Caller
from ostiary.extensions.callouts import Callout
from ostiary.extensions.calls import CallResult, Outgoing
from ostiary.extensions.credentials import credential
from ostiary.extensions.extensions import Extension
from ostiary.storage.database import Database
from ostiary.storage.ids import new_id

STAGE: Final = "CustomExtensionConnectionTest"
LEGACY_EVENT: Final = "CustomActionConnectionTest"
OWNER_KIND: Final = "customExtension"
"""How the ledger names an extension as the owner of its own test."""

_log: Final = structlog.get_logger(__name__)


class Connection:
    """Tries whether endpoints take a call; ``template`` finds Logic Apps that nothing else does."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        caller: Caller,
        *,
        app_id: str,
        template: str | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._caller = caller
        self._app_id = app_id
        self._template = template

    async def test(self, extension: Extension, body: Mapping[str, Any]) -> str | None:
        """Call the endpoint of an extension; say why it did not take the call.

        None: it did, or nobody knows where it is. It is called outside of any transaction.
        """
        async with self._database.reading() as conn:
            (url,) = await registry.resolved(conn, [extension.endpoint], template=self._template)
        if url is None:
            return None
        test = Callout(
            id=new_id(),
            owner_kind=OWNER_KIND,
            owner_id=extension.id,
            extension_id=extension.id,
            stage=STAGE,
            waits=False,
            created_at=self._clock.now(),
        )
        result = await self._caller.call(self._outgoing(test, extension, url, body))
        async with self._database.transaction() as conn:
            await ledger.write(conn, [ledger.of_attempt(test, a) for a in result.attempts])
        return _told(extension, result)

    def _outgoing(
        self, test: Callout, extension: Extension, url: str, body: Mapping[str, Any]
    ) -> Outgoing:
        proof = credential(
            extension.endpoint, extension.authentication, url=url, app_id=self._app_id
        )
        return Outgoing(
            callout_id=test.id,
            extension_id=extension.id,
            url=url,
            body=msgspec.json.encode({**body, "CustomExtensionStageInstanceId": test.id}),
            credential=proof,
            timeout=extension.timeout,
            retries=extension.retries,
        )


def _told(extension: Extension, result: CallResult) -> str | None:
    if result.label is None:
        _log.info("extension.reached", extension=extension.id)
        return None
    _log.warning("extension.not_reached", extension=extension.id, reason=result.reason)
    return result.reason
