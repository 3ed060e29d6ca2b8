"""The published JavaScript client, run with node, reads, pages, writes and batches over TLS."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import EVERYTHING
from tests.support.servers import RunningServer

HOME = Path(__file__).parent / "node"

pytestmark = pytest.mark.skipif(
    shutil.which("npm") is None, reason="node and npm are not on this machine"
)


@pytest.fixture(scope="module")
def found(secure: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the program printed."""
    home = tmp_path_factory.mktemp("node")
    for name in ("package.json", "package-lock.json", "story.mjs"):
        shutil.copy(HOME / name, home / name)
    subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=home, check=True, timeout=300
    )
    environment = {
        **os.environ,
        "BASE_URL": f"{secure.url}/",
        "TOKEN": secure.app_token(EVERYTHING),
        "NODE_EXTRA_CA_CERTS": secure.whereabouts.certificate_authority or "",
    }
    done = subprocess.run(
        ["node", "story.mjs"],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_its_pager_gets_every_person_once(found: dict[str, Any]) -> None:
    assert len(found["users"]) == len(set(found["users"])) == 12
    assert found["count"] == "12"


def test_what_it_writes_it_reads_back(found: dict[str, Any]) -> None:
    assert found["catalog"]["displayName"] == "From JavaScript"
    assert found["catalog"]["description"] == "changed"
    assert found["catalog"]["state"] == "published"
    assert found["filtered"]["@odata.count"] == 1
    assert found["beta"]["catalogStatus"] == "Published"


def test_its_batches_run_in_order(found: dict[str, Any]) -> None:
    assert found["batch"] == [200, 204, 404]


def test_a_refusal_reaches_it_with_code_message_and_id(found: dict[str, Any]) -> None:
    assert found["refused"]["status"] == 400
    assert found["refused"]["code"] == "InvalidModel"
    assert "'colour'" in found["refused"]["message"]
    assert found["refusedId"]
