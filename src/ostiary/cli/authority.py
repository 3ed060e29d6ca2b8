"""``ostiary tls``: the local certificate authority behind ``ostiary serve --tls``."""

from __future__ import annotations

from datetime import UTC, datetime

from cyclopts import App

from ostiary.cli.opening import prepare
from ostiary.cli.options import HERE, Place
from ostiary.cli.output import print_json
from ostiary.identity import tls

app = App(name="tls")

_EXAMPLES = """
Examples:

  curl --cacert "$(ostiary tls ca)" https://localhost:8443/health/ready
  export SSL_CERT_FILE="$(ostiary tls ca)"
  export REQUESTS_CA_BUNDLE="$SSL_CERT_FILE"
      so that azure-identity and msgraph-sdk trust the server
"""


@app.command(help_epilogue=_EXAMPLES)
def ca(*, place: Place = HERE) -> None:
    """Print the path of the certificate that clients have to trust; it is made when missing."""
    settings = place.settings()
    prepare(settings, make=True)
    made = tls.ensure(settings.data_dir, [], now=datetime.now(UTC))
    path = str(made.authority.absolute())
    print_json({"certificateAuthority": path}) if place.as_json else print(path)
