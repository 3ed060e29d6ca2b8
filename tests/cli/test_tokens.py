"""Tokens of the development issuer: for whom, for what, and by which clock."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from datetime import timedelta
from typing import Any

import pytest

from ostiary.cli.minting import EVERY_SCOPE
from ostiary.directory.seed import person_id
from ostiary.graph.values import read_instant
from ostiary.identity.catalogue import (
    IDENTITY_GOVERNANCE_ADMINISTRATOR,
    LIFECYCLE_WORKFLOWS_ADMINISTRATOR,
    ORDINARY_USER_MARKER,
)
from ostiary.identity.matrix import MATRIX
from tests.cli.commands import Commands

APP = "0e60f18c-b2a0-4887-9da8-da2e30a39d99"


def claims(token: str) -> dict[str, Any]:
    """Read a token without checking it."""
    payload = token.strip().split(".")[1]
    return dict(json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))


def test_a_person_gets_every_scope_of_governance_and_no_role(ostiary: Commands) -> None:
    result = ostiary("token", "--user", "adele@contoso.example")

    found = claims(result.out)
    assert result.code == 0
    assert found["oid"] == person_id("adele")
    assert set(found["scp"].split()) == set(EVERY_SCOPE)
    assert found["wids"] == [ORDINARY_USER_MARKER]


@pytest.mark.parametrize("name", [name for name, row in MATRIX.items() if row.delegated])
def test_the_scopes_that_a_person_gets_open_every_operation(name: str) -> None:
    assert not MATRIX[name].delegated.isdisjoint(EVERY_SCOPE)


def test_a_person_is_named_by_id_and_roles_by_name_or_template(ostiary: Commands) -> None:
    result = ostiary(
        "token",
        "--user",
        person_id("grady"),
        "--role",
        "identity governance administrator",
        "--role",
        LIFECYCLE_WORKFLOWS_ADMINISTRATOR,
        "--scope",
        "EntitlementManagement.Read.All",
    )

    found = claims(result.out)
    assert set(found["wids"]) >= {
        IDENTITY_GOVERNANCE_ADMINISTRATOR,
        LIFECYCLE_WORKFLOWS_ADMINISTRATOR,
    }
    assert found["scp"] == "EntitlementManagement.Read.All"


def test_a_registered_application_gets_the_roles_that_it_was_granted(ostiary: Commands) -> None:
    granted = "LifecycleWorkflows.Resume.All"
    ostiary("app", "add", "--app-id", APP, "--secret", "s3cret", "--role", granted)

    result = ostiary("token", "--app", APP.upper())

    assert claims(result.out)["roles"] == [granted]


def test_an_application_that_nobody_registered_gets_the_roles_that_are_named(
    ostiary: Commands,
) -> None:
    arguments = ["token", "--app", "my-script", "--role", "EntitlementManagement.Read.All"]

    first, second = (claims(ostiary(*arguments).out) for _ in range(2))

    assert first["roles"] == ["EntitlementManagement.Read.All"]
    assert (first["azp"], first["idtyp"]) == ("my-script", "app")
    assert first["oid"] == second["oid"]


def test_an_application_that_nobody_registered_needs_a_role(ostiary: Commands) -> None:
    result = ostiary("token", "--app", APP)

    assert result.code == 1
    assert "ostiary app add" in result.err


def test_nobody_gets_a_token_for_a_person_who_does_not_exist(ostiary: Commands) -> None:
    result = ostiary("token", "--user", "nobody@contoso.example")

    assert (result.code, result.out) == (1, "")
    assert "no person 'nobody@contoso.example'" in result.err


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["--user", "adele@contoso.example", "--role", "Global Admin"], "Global Administrator"),
        (["--user", "adele@contoso.example", "--scope", "User.Reed"], "User.Read"),
        (["--app", APP, "--role", "User.Read.Al"], "User.Read.All"),
    ],
)
def test_a_misspelled_name_is_refused_with_the_one_that_was_meant(
    ostiary: Commands, arguments: list[str], meant: str
) -> None:
    result = ostiary("token", *arguments)

    assert result.code == 2
    assert f"Did you mean {meant}?" in result.err


def test_a_token_is_valid_by_a_simulated_clock(ostiary: Commands) -> None:
    moved = ostiary("clock", "advance", "P30D", "--json", "--clock", "simulated").json["now"]

    told = ostiary(
        "token", "--user", "adele@contoso.example", "--clock", "simulated", "--json"
    ).json

    assert told["notBefore"] == moved
    assert read_instant(told["expires"]) - read_instant(moved) == timedelta(hours=1)


def test_there_are_no_tokens_where_the_issuer_is_off(
    ostiary: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OSTIARY_DEVELOPMENT_ISSUER", "false")

    result = ostiary("token", "--user", "adele@contoso.example")

    assert result.code == 1
    assert "issuer is off" in result.err
