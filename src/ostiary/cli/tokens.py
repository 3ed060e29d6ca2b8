"""``ostiary token``: a bearer token of the development issuer."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import App, Parameter

from ostiary.cli.minting import Mint
from ostiary.cli.opening import opened, run
from ostiary.cli.options import HERE, ClockOption, Place
from ostiary.cli.output import print_json
from ostiary.cli.problems import Misused
from ostiary.graph.values import write_instant
from ostiary.identity.issuer import IssuedToken
from ostiary.settings import Settings

_EXAMPLES = """
Examples:

  ostiary token --user adele@contoso.example
      what Adele may do as herself
  ostiary token --user grady@contoso.example \\
      --role "Identity Governance Administrator"
      what Grady may do as an administrator of entitlement management
  ostiary token --app my-script --role EntitlementManagement.ReadWrite.All
  TOKEN=$(ostiary token --user adele@contoso.example)
  curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/v1.0/me
"""

app = App(name="token", help_epilogue=_EXAMPLES)


@app.default
def token(
    *,
    user: Annotated[
        str | None, Parameter(help="A person who exists: user principal name or object id.")
    ] = None,
    app: Annotated[str | None, Parameter(help="Or an application: any client id.")] = None,
    scope: Annotated[
        tuple[str, ...],
        Parameter(
            negative_iterable="",
            show_default=False,
            help="A scope of the person's token; repeatable. Default: all that governance needs.",
        ),
    ] = (),
    role: Annotated[
        tuple[str, ...],
        Parameter(
            negative_iterable="",
            show_default=False,
            help="A directory role of the person (name or template id), or an app role of the "
            "application (default: those it was granted); repeatable.",
        ),
    ] = (),
    clock: ClockOption = None,
    place: Place = HERE,
) -> None:
    """Print a bearer token of the development issuer.

    It is valid for an hour, by the clock of the server that runs on the data directory. The server
    must trust the development issuer, as it does by default on loopback.
    """
    if (user is None) == (app is None):
        raise Misused("Say for whom: --user UPN-OR-ID or --app APPID, and not both.")
    if app is not None and scope:
        raise Misused("An application has no scopes: its permissions are roles (--role).")
    issued = run(_issue(place.settings(clock=clock), user, app, scope, role))
    print_json(_described(issued)) if place.as_json else print(issued.token)


async def _issue(
    settings: Settings,
    user: str | None,
    app: str | None,
    scopes: tuple[str, ...],
    roles: tuple[str, ...],
) -> IssuedToken:
    async with opened(settings) as deployment:
        mint = Mint.of(deployment)
        if user is not None:
            return await mint.for_person(user, scopes=scopes, roles=roles)
        assert app is not None
        return await mint.for_application(app, roles=roles)


def _described(issued: IssuedToken) -> dict[str, Any]:
    return {
        "token": issued.token,
        "tokenType": "Bearer",
        "notBefore": write_instant(issued.not_before),
        "expires": write_instant(issued.expires),
    }
