"""``ostiary logicapps``: where the Logic Apps are that extensions name."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import App, Parameter
from sqlalchemy import select

from ostiary.cli.opening import opened, run
from ostiary.cli.options import HERE, Place
from ostiary.cli.output import note, print_json, print_rows
from ostiary.cli.problems import Failed, Misused
from ostiary.extensions import extension_store, registry
from ostiary.extensions.endpoints import LogicAppName, logic_app, redacted
from ostiary.extensions.registry import LogicApp
from ostiary.extensions.tables import custom_extensions
from ostiary.graph.values import write_instant
from ostiary.server import stored_types  # noqa: F401  # what is read may name any of them
from ostiary.settings import Settings

app = App(name="logicapps")

LogicAppOption = Annotated[
    str, Parameter(help="SUBSCRIPTION/GROUP/NAME; upper and lower case are the same.")
]

_EXAMPLES = """
Examples:

  ostiary logicapps set \\
      38ab2ccc-3747-4567-b36b-9478f5602f0d/test/elm-extension-email \\
      http://127.0.0.1:9000/email
      extensions that name this Logic App call that URL from now on
  ostiary logicapps list
"""


@app.command(name="set", help_epilogue=_EXAMPLES)
def set_(
    app_name: LogicAppOption,
    url: Annotated[str, Parameter(help="Where it is called: http or https.")],
    /,
    *,
    place: Place = HERE,
) -> None:
    """Register the URL of a Logic App, over what was registered before."""
    name = _name(app_name)
    run(_set(place.settings(), name, url))
    if place.as_json:
        print_json({"logicApp": str(name), "url": redacted(url)})
    else:
        note(f"Extensions that name {name} call {redacted(url)} from now on.")


@app.command(name="list", help_epilogue="Example:\n\n  ostiary logicapps list --json")
def list_(*, place: Place = HERE) -> None:
    """List the Logic Apps that are registered, and those that extensions name in vain.

    Signatures in URLs are not shown.
    """
    registered, unknown = run(_list(place.settings()))
    rows = [*map(_row, registered), *(_unknown_row(key, unknown[key]) for key in sorted(unknown))]
    if place.as_json:
        print_json(rows)
        return
    columns = {"logicApp": "LOGIC APP", "url": "URL", "modified": "MODIFIED"}
    hint = "No Logic App is registered: ostiary logicapps set SUBSCRIPTION/GROUP/NAME URL"
    print_rows(rows, columns, empty=hint)
    for key, extensions in sorted(unknown.items()):
        named = ", ".join(extensions)
        note(f"Callouts of {named} fail: no URL is known. ostiary logicapps set {key} URL")


@app.command(help_epilogue="Example:\n\n  ostiary logicapps remove SUBSCRIPTION/GROUP/NAME")
def remove(app_name: LogicAppOption, /, *, place: Place = HERE) -> None:
    """Forget where a Logic App is."""
    name = _name(app_name)
    if not run(_remove(place.settings(), name)):
        raise Failed(f"{name} is not registered; ostiary logicapps list shows what is.")
    print_json({"logicApp": str(name)}) if place.as_json else note(f"{name} is forgotten.")


async def _set(settings: Settings, name: LogicAppName, url: str) -> None:
    async with opened(settings, make=True) as server, server.database.transaction() as conn:
        await registry.register(conn, name, url, now=server.clock.now())


async def _list(settings: Settings) -> tuple[list[LogicApp], dict[str, list[str]]]:
    """Give what is registered, and by Logic App the extensions that name one nothing resolves."""
    async with opened(settings) as server, server.database.reading() as conn:
        rows = (await conn.execute(select(custom_extensions))).mappings()
        extensions = [extension_store.load(row) for row in rows]
        urls = await registry.resolved(
            conn, [one.endpoint for one in extensions], template=settings.logic_app_url_template
        )
        unknown: dict[str, list[str]] = {}
        for extension, url in zip(extensions, urls, strict=True):
            if url is None and (name := logic_app(extension.endpoint)) is not None:
                unknown.setdefault(str(name), []).append(extension.display_name)
        return await registry.listed(conn), unknown


async def _remove(settings: Settings, name: LogicAppName) -> bool:
    async with opened(settings) as server, server.database.transaction() as conn:
        return await registry.unregister(conn, name)


def _name(text: str) -> LogicAppName:
    try:
        return LogicAppName.parse(text)
    except ValueError as error:
        raise Misused(f"{error}.") from None


def _unknown_row(key: str, extensions: list[str]) -> dict[str, Any]:
    return {"logicApp": key, "url": None, "modified": None, "extensions": extensions}


def _row(one: LogicApp) -> dict[str, Any]:
    return {
        "logicApp": str(one.name),
        "url": redacted(one.url),
        "modified": write_instant(one.modified_at),
    }
