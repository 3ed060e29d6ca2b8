"""Names to checked addresses: what is connected to is exactly what was checked.

aiohttp connects to the addresses that its resolver gives, under the name that the URL has; so TLS
checks the name and nobody can change the address in between.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver, ResolveResult

from ostiary.extensions.egress import EgressPolicy, check_address

Lookup = Callable[[str], Awaitable[list[str]]]


class PinnedResolver(AbstractResolver):
    """Resolves a name and refuses it if any of its addresses may not be called."""

    def __init__(self, policy: EgressPolicy, *, lookup: Lookup | None = None) -> None:
        self._policy = policy
        self._lookup = lookup or system_lookup

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Give the addresses of a host.

        :raises Forbidden: one of them may not be called.
        :raises OSError: the name is not known.
        """
        addresses = await self._lookup(host)
        if not addresses:
            raise OSError("the name has no address")
        for address in addresses:
            check_address(ip_address(address), host=host, port=port, policy=self._policy)
        return [_result(host, address, port) for address in addresses]

    async def close(self) -> None:
        """Nothing is kept."""


async def system_lookup(host: str) -> list[str]:
    """Ask the operating system."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _result(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(
        hostname=host,
        host=address,
        port=port,
        family=family,
        proto=socket.IPPROTO_TCP,
        flags=socket.AI_NUMERICHOST,
    )
