"""The resource provider of the manual gives and takes what a running server tells it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.docs.pages import DOCS, examples
from tests.support.servers import RunningServer

PAGE: Final = DOCS / "how-to" / "hand-out-what-lives-elsewhere.md"
PERMISSIONS: Final = ("EntitlementManagement.ReadWrite.All", "Directory.ReadWrite.All")
EM: Final = "/v1.0/identityGovernance/entitlementManagement"
PATIENCE: Final = 30.0


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def myself() -> str:
    """The origin of the provider."""
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture
def server(tmp_path: Path, myself: str) -> Iterator[RunningServer]:
    """A server that knows the provider."""
    providers = json.dumps({"MailingLists": myself + "/"})
    running = RunningServer(tmp_path, environment={"OSTIARY_RESOURCE_PROVIDERS": providers})
    running.start()
    yield running
    running.stop()


@pytest.fixture
def lists(tmp_path: Path, server: RunningServer, myself: str) -> Iterator[Path]:
    """The provider of the manual as a process; its lists."""
    (code,) = [one.text for one in examples(PAGE) if one.language == "python"]
    (tmp_path / "provider.py").write_text(code)
    folder = tmp_path / "lists"
    folder.mkdir()
    (folder / "news").touch()
    environment = {**os.environ, "SERVER": server.url, "MYSELF": myself, "LISTS": str(folder)}
    process = subprocess.Popen([sys.executable, str(tmp_path / "provider.py")], env=environment)
    eventually(lambda: is_listening(myself))
    yield folder
    process.kill()
    process.wait()


def is_listening(origin: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(origin.rpartition(":")[2]))) == 0


def eventually(holds: Any) -> None:  # a function without arguments
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.05)  # processes of their own can only be asked again


def test_the_provider_of_the_manual_gives_and_takes(server: RunningServer, lists: Path) -> None:
    token = server.app_token(PERMISSIONS)
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"}) as client:

        def post(path: str, body: Any) -> Any:
            reply = client.post(path if path.startswith("/") else f"{EM}/{path}", json=body)
            assert reply.status_code == 201, reply.text
            return reply.json()

        person = post("/v1.0/users", someone())["id"]
        catalog = post("catalogs", {"displayName": "Lists"})["id"]
        added, role = (json.loads(one.text) for one in examples(PAGE) if one.language == "json")
        post("resourceRequests", {**added, "catalog": {"id": catalog}})
        package = post("accessPackages", {"displayName": "News", "catalog": {"id": catalog}})["id"]
        post(f"accessPackages/{package}/resourceRoleScopes", role)
        policy = post("assignmentPolicies", everybody(package))["id"]
        wanted = {"targetId": person, "accessPackageId": package, "assignmentPolicyId": policy}
        request = post("assignmentRequests", {"requestType": "adminAdd", "assignment": wanted})

        eventually(lambda: (lists / "news").read_text().split() == [person])
        path = f"{EM}/assignmentRequests/{request['id']}?$expand=assignment"
        eventually(lambda: client.get(path).json()["state"] == "delivered")
        held = {"id": client.get(path).json()["assignment"]["id"]}
        post("assignmentRequests", {"requestType": "adminRemove", "assignment": held})
        eventually(lambda: (lists / "news").read_text() == "")


def someone() -> dict[str, Any]:
    return {
        "displayName": "Alice",
        "accountEnabled": True,
        "mailNickname": "alice",
        "userPrincipalName": "alice@ostiary.local",
        "passwordProfile": {"password": "Secret-123456", "forceChangePasswordNextSignIn": False},
    }


def everybody(package: str) -> dict[str, Any]:
    return {
        "displayName": "All staff",
        "accessPackage": {"id": package},
        "allowedTargetScope": "allMemberUsers",
        "expiration": {"type": "noExpiration"},
    }
