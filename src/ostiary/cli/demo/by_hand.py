"""How to do by hand what the stories showed: lines to be copied into a shell, and into Python."""

from __future__ import annotations

import shlex

from ostiary.cli.demo.show import Show
from ostiary.cli.demo.story_entitlement import EM, Offer
from ostiary.directory.seed import DOMAIN

_GOVERNOR = "Identity Governance Administrator"


def shell(url: str, data_dir: str, offer: Offer | None) -> list[str]:
    """Give the commands that ask for access, watch the callout, move time and look at it all."""
    return [
        f"export OSTIARY_DATA_DIR={shlex.quote(data_dir)}",
        f"EM={url}{EM}",
        *([] if offer is None else _asking(offer)),
        f"export TOKEN=$(ostiary token --user grady@{DOMAIN} \\",
        f'  --role "{_GOVERNOR}")',
        'curl -H "Authorization: Bearer $TOKEN" "$EM/assignmentRequests"',
        "ostiary callouts list",
        "ostiary clock advance PT1H",
    ]


def _asking(offer: Offer) -> list[str]:
    return [
        f"TOKEN=$(ostiary token --user adele@{DOMAIN})",
        'curl -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\',
        '  "$EM/assignmentRequests" -d \'{"requestType": "userAdd", "assignment": {',
        f'    "accessPackageId": "{offer.package_id}",',
        f'    "assignmentPolicyId": "{offer.policy_id}"}}}}\'',
    ]


def python(url: str) -> list[str]:
    """Give a script with the Graph SDK (``pip install msgraph-sdk``) that lists the requests."""
    return [
        "import asyncio, os",
        "from kiota_abstractions.authentication import AccessTokenProvider, AllowedHostsValidator",
        "from kiota_abstractions.authentication import BaseBearerTokenAuthenticationProvider",
        "from msgraph import GraphRequestAdapter, GraphServiceClient",
        "",
        "class Token(AccessTokenProvider):",
        "    async def get_authorization_token(self, uri, additional_authentication_context={}):",
        '        return os.environ["TOKEN"]',
        "    def get_allowed_hosts_validator(self):",
        '        return AllowedHostsValidator(["127.0.0.1"])',
        "",
        "adapter = GraphRequestAdapter(BaseBearerTokenAuthenticationProvider(Token()))",
        f'adapter.base_url = "{url}/v1.0"',
        "graph = GraphServiceClient(request_adapter=adapter)",
        "em = graph.identity_governance.entitlement_management",
        "requests = asyncio.run(em.assignment_requests.get())",
        "for request in requests.value:",
        "    print(request.id, request.state)",
    ]


def show_by_hand(show: Show, url: str, data_dir: str, offer: Offer) -> None:
    """Print the lines for a scene that stays."""
    show.chapter("The same by hand, in another terminal")
    _print(show, shell(url, data_dir, offer))
    show.chapter("And with the Graph SDK (pip install msgraph-sdk)")
    _print(show, python(url))


def show_how_to_stay(show: Show) -> None:
    """Print how to get a scene that stays, and what to do there."""
    show.chapter("The same by hand")
    _print(show, ["ostiary demo --keep --port 8080 --data-dir ostiary-demo"])
    show.plain()
    show.plain("  leaves server and endpoint running; then, in another terminal:")
    show.plain()
    url = "http://127.0.0.1:8080"
    _print(show, shell(url, "ostiary-demo", None))
    show.chapter("And with the Graph SDK (pip install msgraph-sdk)")
    _print(show, python(url))


def _print(show: Show, lines: list[str]) -> None:
    for line in lines:
        show.plain(f"    {line}" if line else "")
