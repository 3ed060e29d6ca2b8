"""The wire habits of the Terraform provider ``azuread``, written down after reading its sources.

There is no binary of it to run here. What its client (go-azure-sdk) does on the wire is kept to
instead: it starts from the description of a cloud, gets a token by client credentials, escapes
queries as Go does, says of every object which type it is, and takes no status but those that it
expects. Nothing below waits: where the provider asks again after five seconds, this asks again.
"""

from __future__ import annotations

import ssl
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx

EM = "/identityGovernance/entitlementManagement"
ROLES = "/roleManagement/entitlementManagement"
ASKED_AFTER_DELETION = 5
"""So many times in a row a deleted object has to be missing."""

Body = dict[str, Any]


@dataclass(frozen=True)
class Provider:
    """The provider, configured: where Graph is, and as whom it speaks."""

    client: httpx.Client
    graph: str
    token: str

    @classmethod
    def configure(
        cls, metadata_host: str, *, tenant_id: str, client_id: str, client_secret: str, trusts: str
    ) -> Provider:
        """Do what ``provider "azuread"`` does first; ``trusts`` is the file of an authority."""
        client = httpx.Client(verify=ssl.create_default_context(cafile=trusts))
        cloud = client.get(f"https://{metadata_host}/metadata/endpoints?api-version=2022-09-01")
        assert cloud.status_code == 200, cloud.text
        graph = cloud.json()["microsoftGraphResourceId"]
        assert all((graph, cloud.json()["name"], cloud.json()["resourceManager"]))
        form = {
            "client_id": client_id,
            "client_secret": client_secret,
            "grant_type": "client_credentials",
            "scope": f"{graph}/.default",
        }
        login = cloud.json()["authentication"]["loginEndpoint"]
        place = f"{login}/{tenant_id}/oauth2/v2.0/token"
        reply = client.post(place, data=form, headers={"Accept": "application/json"})
        assert reply.status_code == 200, reply.text
        assert reply.json()["token_type"] == "Bearer"
        return cls(client, graph, reply.json()["access_token"])

    def get(self, path: str, options: Mapping[str, str] | None = None, *, root: str) -> Body:
        """Read something that is there."""
        return _object(self.call("GET", path, options=options, root=root, expects={200}))

    def find(self, path: str, options: Mapping[str, str] | None = None) -> Body | None:
        """Read something of beta; None when it is not there."""
        reply = self.call("GET", path, options=options, expects={200, 404})
        return None if reply.status_code == 404 else _object(reply)

    def listed(self, path: str, options: Mapping[str, str], *, root: str = "beta") -> list[Body]:
        """Read a list, however many pages it has."""
        page = self.get(path, options, root=root)
        found: list[Body] = page["value"]
        while link := page.get("@odata.nextLink"):
            page = self.client.get(link, headers=self._headers()).json()
            found += page["value"]
        return found

    def create(self, path: str, body: Body, *, expects: Collection[int] = (201,)) -> Body:
        """Create something under beta."""
        return _object(self.call("POST", path, body=body, expects=expects))

    def delete(self, path: str) -> None:
        """Delete something under beta."""
        self.call("DELETE", path, expects={204})

    def is_gone(self, path: str) -> bool:
        """Wait for a deletion, as the provider does: by counting how often nothing is found."""
        return all(self.find(path) is None for _ in range(ASKED_AFTER_DELETION))

    def call(
        self,
        method: str,
        path: str,
        *,
        expects: Collection[int],
        body: Body | None = None,
        options: Mapping[str, str] | None = None,
        root: str = "beta",
    ) -> httpx.Response:
        """Send one request and insist on one of the statuses."""
        # Go sorts the options and writes a blank as +, $ as %24 and parentheses as %28 and %29.
        query = f"?{urlencode(sorted(options.items()))}" if options else ""
        url = f"{self.graph}/{root}{path}{query}"
        reply = self.client.request(method, url, json=body, headers=self._headers())
        assert reply.status_code in expects, f"{method} {url}: {reply.status_code} {reply.text}"
        if reply.content:
            assert reply.headers["Content-Type"].startswith("application/json")
        return reply

    def _headers(self) -> dict[str, str]:
        return {
            "Accept": "application/json; charset=utf-8; IEEE754Compatible=false",
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json; charset=utf-8",
            "Odata-Maxversion": "4.0",
            "Odata-Version": "4.0",
        }


def _object(reply: httpx.Response) -> Body:
    read: Body = reply.json()
    return read


def typed(type_name: str, **properties: Any) -> Body:
    """Make a body that says of what type it is, as each one of the provider's does."""
    return {"@odata.type": f"#microsoft.graph.{type_name}", **properties}
