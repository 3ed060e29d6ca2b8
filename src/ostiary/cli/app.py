"""All commands of ``ostiary``."""

from __future__ import annotations

import inspect
from importlib.metadata import version

from cyclopts import App

from ostiary.cli import (
    applications,
    archives,
    authority,
    callouts,
    clocks,
    databases,
    logic_apps,
    mails,
    serving,
    tokens,
    trials,
    why,
    works,
)
from ostiary.cli.demo import command as demo

_HELP = """\
Access packages and lifecycle workflows that call out, wait durably and resume.

It speaks the Microsoft Graph identityGovernance API: point a client at it.
"""
_EPILOGUE = """
Start here:

  ostiary demo
      watch two stories, in under a minute
  ostiary serve --clock simulated
      a server for development, at http://127.0.0.1:8080
  ostiary COMMAND --help
      what a command does, with examples

Settings are read from OSTIARY_* variables as well; an option wins.
Exit codes: 0 done, 1 failed, 2 misused.
"""

app = App(
    name="ostiary",
    help=_HELP,
    help_format="plaintext",
    help_epilogue=_EPILOGUE,
    version=version("ostiary"),
)
app.command(demo.demo, help_epilogue=demo.EXAMPLES)
app.command(serving.serve, help_epilogue=serving.SERVE_EXAMPLES)
app.command(serving.worker, help_epilogue=serving.WORKER_EXAMPLES)
app.command(tokens.token, help_epilogue=tokens.EXAMPLES)
app.command(why.why, help_epilogue=why.EXAMPLES)
for group in (
    clocks.app,
    callouts.app,
    trials.app,
    mails.app,
    logic_apps.app,
    applications.app,
    authority.app,
    databases.app,
    archives.app,
    works.app,
):
    app.command(group)


def _teach(of: App) -> None:
    """Let the help of every command wrap as the terminal is wide, not as its docstring is."""
    for name in of:
        below = of[name]
        if name.startswith("-"):
            continue
        if below.default_command is not None:
            paragraphs = inspect.cleandoc(below.default_command.__doc__ or "").split("\n\n")
            below.help = "\n\n".join(" ".join(one.split()) for one in paragraphs)
        _teach(below)


_teach(app)
