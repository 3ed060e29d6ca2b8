"""What is registered on the command line: Logic Apps and clients; and what lies in the data."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from ostiary.extensions import extension_store
from ostiary.extensions.extensions import Extension
from ostiary.extensions.model import (
    AzureAdPopTokenAuthentication,
    LogicAppTriggerEndpointConfiguration,
)
from ostiary.identity.matrix import MATRIX
from tests.cli.commands import Commands, in_data
from tests.support.clocks import MONDAY

APP = "0e60f18c-b2a0-4887-9da8-da2e30a39d99"
AN_EXTENSION = Extension(
    id=APP,
    kind="microsoft.graph.accessPackageAssignmentRequestWorkflowExtension",
    display_name="Mail",
    endpoint=LogicAppTriggerEndpointConfiguration(
        subscription_id="sub", resource_group_name="group", logic_app_workflow_name="app"
    ),
    authentication=AzureAdPopTokenAuthentication(),
    created_at=MONDAY,
    modified_at=MONDAY,
)
ROLE = "EntitlementManagement.ReadWrite.All"


def test_a_logic_app_is_listed_without_the_signature_of_its_url(ostiary: Commands) -> None:
    ostiary("logicapps", "set", "sub/group/app", "https://x.example/invoke?v=1&sig=abc")

    (listed,) = ostiary("logicapps", "list", "--json").json

    assert listed["logicApp"] == "sub/group/app"
    assert listed["url"] == "https://x.example/invoke?v=1&sig=REDACTED"


def test_the_last_url_of_a_logic_app_counts_whatever_its_case(ostiary: Commands) -> None:
    ostiary("logicapps", "set", "sub/group/app", "https://x.example/1")
    ostiary("logicapps", "set", "SUB/Group/App", "https://x.example/2")

    listed = ostiary("logicapps", "list", "--json").json

    assert [one["url"] for one in listed] == ["https://x.example/2"]


def test_a_logic_app_that_nothing_resolves_is_listed_with_the_extensions_that_name_it(
    ostiary: Commands, data_dir: Path
) -> None:
    in_data(data_dir, lambda conn: extension_store.add(conn, AN_EXTENSION))

    result = ostiary("logicapps", "list")

    assert ostiary("logicapps", "list", "--json").json == [
        {"logicApp": "sub/group/app", "url": None, "modified": None, "extensions": ["Mail"]}
    ]
    assert "Callouts of Mail fail" in result.err
    assert "ostiary logicapps set sub/group/app URL" in result.err


def test_a_permission_that_is_none_is_a_misuse(ostiary: Commands) -> None:
    added = ostiary("app", "add", "--app-id", "x", "--secret", "y", "--role", "Nope")

    assert (added.code, "'Nope' is no application role" in added.err) == (2, True)


def test_every_permission_that_a_route_needs_can_be_given(ostiary: Commands) -> None:
    roles = sorted({role for row in MATRIX.values() for role in row.application})
    given = [text for role in roles for text in ("--role", role)]

    ostiary("app", "add", "--app-id", APP, "--secret", "s3cret", *given)
    (listed,) = ostiary("app", "list", "--json").json

    assert {"Organization.Read.All", "Domain.Read.All"} <= set(roles)
    assert listed["roles"] == roles


def test_a_logic_app_is_forgotten(ostiary: Commands) -> None:
    ostiary("logicapps", "set", "sub/group/app", "https://x.example/1")

    assert ostiary("logicapps", "remove", "sub/group/app").code == 0
    assert ostiary("logicapps", "remove", "sub/group/app").code == 1
    assert ostiary("logicapps", "list", "--json").json == []


def test_a_url_that_cannot_be_called_is_refused(ostiary: Commands) -> None:
    result = ostiary("logicapps", "set", "sub/group/app", "ftp://x.example/1")

    assert result.code == 1
    assert "https://" in result.err


def test_a_client_is_listed_with_its_roles_and_without_its_secret(ostiary: Commands) -> None:
    ostiary("app", "add", "--app-id", APP, "--secret", "s3cret", "--role", ROLE, "--name", "SoD")

    (listed,) = ostiary("app", "list", "--json").json

    assert (listed["appId"], listed["displayName"]) == (APP, "SoD")
    assert listed["roles"] == [ROLE]
    assert listed["secrets"] == ["s3c..."]


def test_a_client_gets_what_it_lacks_when_it_is_added_again(ostiary: Commands) -> None:
    ostiary("app", "add", "--app-id", APP, "--secret", "first")
    ostiary("app", "add", "--app-id", APP, "--secret", "second", "--role", ROLE)

    (listed,) = ostiary("app", "list", "--json").json

    assert (listed["secrets"], listed["roles"]) == (["fir...", "sec..."], [ROLE])


def test_a_secret_is_read_from_standard_input(
    ostiary: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("from-a-pipe\n"))

    ostiary("app", "add", "--app-id", APP, "--secret", "-")

    assert ostiary("app", "list", "--json").json[0]["secrets"] == ["fro..."]


@pytest.mark.parametrize(
    ("code", "arguments"),
    [(1, ["--app-id", "no-guid"]), (2, ["--app-id", APP, "--role", "Everything"])],
)
def test_a_client_that_makes_no_sense_is_refused(
    ostiary: Commands, code: int, arguments: list[str]
) -> None:
    result = ostiary("app", "add", "--secret", "s3cret", *arguments)

    assert result.code == code
    assert ostiary("app", "list", "--json").json == []


def test_the_certificate_to_trust_is_made_once(ostiary: Commands, data_dir: Path) -> None:
    first = ostiary("tls", "ca")
    made = Path(first.out.strip()).read_bytes()

    second = ostiary("tls", "ca", "--json")

    assert second.json == {"certificateAuthority": str(data_dir / "tls" / "ca.pem")}
    assert (data_dir / "tls" / "ca.pem").read_bytes() == made


def test_an_empty_directory_gets_the_newest_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh = Commands(tmp_path / "fresh", capsys)

    assert fresh("db", "upgrade").code == 0
    assert fresh("callouts", "list", "--json").json == []
