"""Every row of the permission matrix that the API asks for is in the manual, and no other."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from ostiary.entitlement.roles import DEFINITIONS
from ostiary.identity import matrix
from ostiary.identity.catalogue import DIRECTORY_ROLES
from ostiary.identity.permissions import Permission
from tests.docs.pages import REFERENCE, ROOT, rows

PAGE: Final = REFERENCE / "permissions.md"
EM_REQUEST: Final = "em.request"
"""Its application permission cannot be used: requests of this kind are made by people."""


class Row(NamedTuple):
    """What an operation needs."""

    delegated: frozenset[str]
    application: frozenset[str]
    roles: frozenset[str]


def code(cell: str) -> frozenset[str]:
    return frozenset(re.findall(r"`([^`]+)`", cell))


def groups() -> dict[str, frozenset[str]]:
    """Give the directory roles of each name that the page defines; later ones build on earlier."""
    found: dict[str, frozenset[str]] = {}
    for name, members, *more in rows(PAGE):
        if not more and (roles := code(members)) <= set(DIRECTORY_ROLES.values()) and roles:
            others = [known for other, known in found.items() if other in members.split(", ")]
            found[name] = roles.union(*others)
    return found


def documented() -> set[Row]:
    named = groups()
    found = set()
    for cells in rows(PAGE):
        if len(cells) == 4 and "." in cells[1]:
            name = cells[3].partition(", or ")[0]
            application = cells[1] if cells[2] == "the same" else cells[2]
            found.add(Row(code(cells[1]), code(application), named.get(name, frozenset())))
    return found


def asked() -> dict[str, Permission]:
    """Give the rows that the code asks for."""
    sources = [path for path in (ROOT / "src").rglob("*.py") if path.name != "matrix.py"]
    text = "\n".join(path.read_text() for path in sources)
    rows = {name: value for name, value in vars(matrix).items() if isinstance(value, Permission)}
    return {name: row for name, row in rows.items() if re.search(rf"\b{name}\b", text)}


def of(permission: Permission) -> Row:
    application = frozenset() if permission.name == EM_REQUEST else permission.application
    roles = frozenset(DIRECTORY_ROLES[role] for role in permission.directory_roles)
    return Row(permission.delegated, application, roles)


def test_the_tables_are_those_of_the_matrix() -> None:
    assert documented() == {of(permission) for permission in asked().values()}


def test_every_governance_role_is_named_with_its_id() -> None:
    named = {row[0].strip("`"): row[1].strip("`") for row in rows(PAGE)}

    assert {one.name: role.value for role, one in DEFINITIONS.items()}.items() <= named.items()
