"""All commands of ``ostiary``, each loaded when it is called.

Most need a part of the program only, and ``ostiary --version`` none of it. So what the list of
commands says of them stands here.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from importlib.metadata import version
from typing import Final

from cyclopts import App

_HELP: Final = """\
Access packages and lifecycle workflows that call out, wait durably and resume.

It speaks the Microsoft Graph identityGovernance API: point a client at it.
"""
_EPILOGUE: Final = """
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
COMMANDS: Final = {
    "demo": (
        "demo.command:app",
        "Watch a request call out, wait, be resumed, approved and delivered.",
    ),
    "serve": ("serving:serve_app", "Run the server: the API and the worker, in one process."),
    "worker": (
        "serving:worker_app",
        "Run a worker without the API, beside servers on the same database.",
    ),
    "token": ("tokens:app", "Print a bearer token of the development issuer."),
    "why": ("why:app", "Say why a request or an assignment stands as it does."),
    "clock": ("clocks:app", "Show or move the simulated clock."),
    "callouts": ("callouts:app", "Look at callouts, and send open ones again."),
    "tasks": ("trials:app", "Try tasks of workflows."),
    "mails": ("mails:app", "Look at mails, and send them again."),
    "logicapps": ("logic_apps:app", "Say where the Logic Apps are that extensions name."),
    "app": ("applications:app", "Register applications that get tokens by a secret."),
    "tls": ("authority:app", "The local certificate authority of ostiary serve --tls."),
    "db": ("databases:app", "Look after the database."),
    "archive": ("archives:app", "Read what was deleted because its time was up."),
    "work": ("works:app", "Look at work that failed for good, and do it again or drop it."),
}
"""Where the command or the group of each name is, and its line in the list of all."""

app: Final = App(
    name="ostiary",
    help=_HELP,
    help_format="plaintext",
    help_epilogue=_EPILOGUE,
    version=version("ostiary"),
)
for _name, (_place, _help) in COMMANDS.items():
    app.command(f"ostiary.cli.{_place}", name=_name, help=_help)


def load(arguments: Sequence[str]) -> None:
    """Import the command that the arguments name, and what it needs; nothing if they name none.

    Its help then wraps as the terminal is wide, not as its docstring is.
    """
    names, (_, *commands), _ = app.parse_commands(list(arguments))
    for name, command in zip(names, commands, strict=True):
        if command.default_command is not None and not name.startswith("-"):
            paragraphs = inspect.cleandoc(command.default_command.__doc__ or "").split("\n\n")
            command.help = "\n\n".join(" ".join(one.split()) for one in paragraphs)
