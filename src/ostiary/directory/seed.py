"""A small organisation to try things on: who is there tells its story.

Ids follow from names, so that a script may know them: ``person_id("adele")``,
``group_id("Sales team")``. Dates of joining and leaving lie around ``now``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import SYSTEM
from ostiary.directory import changes, store
from ostiary.directory.model import DirectoryObject, EmployeeOrgData, Group, User
from ostiary.graph.types import UNSET

DOMAIN: Final = "contoso.example"
_NAMESPACE: Final = UUID("a2a1b8f0-6a6c-4bb8-9a35-0f6f1a9c9d11")


@dataclass(frozen=True, slots=True)
class _Employee:
    """One line of the staff list; ``joins`` and ``leaves`` are days from now."""

    alias: str
    name: str
    title: str
    department: str
    manager: str | None
    city: str
    country: str
    joins: int
    leaves: int | None


def _employee(line: str) -> _Employee:
    alias, name, title, department, manager, city, country, joins, leaves = (
        cell.strip() for cell in line.split("|")
    )
    return _Employee(
        alias,
        name,
        title,
        department,
        None if manager == "-" else manager,
        city,
        country,
        int(joins),
        None if leaves == "-" else int(leaves),
    )


_STAFF_LIST: Final = """
miriam | Miriam Graham   | Chief Executive        | Management | -      | Berlin  | DE | -4000 | -
lee    | Lee Gu          | Head of IT             | IT         | miriam | Berlin  | DE | -2900 | -
nestor | Nestor Wilke    | Head of Sales          | Sales      | miriam | Hamburg | DE | -2100 | -
patti  | Patti Fernandez | Head of Finance        | Finance    | miriam | Wien    | AT | -1800 | -
grady  | Grady Archie    | Identity Administrator | IT         | lee    | Berlin  | DE | -1500 | -
isaiah | Isaiah Langer   | Security Analyst       | IT         | lee    | Berlin  | DE |  -640 | -
adele  | Adele Vance     | Account Manager        | Sales      | nestor | Hamburg | DE |  -900 | -
megan  | Megan Bowen     | Account Manager        | Sales      | nestor | Hamburg | DE |  -410 | -
alex   | Alex Wilber     | Junior Account Manager | Sales      | nestor | Hamburg | DE |     3 | -
diego  | Diego Siciliani | Controller             | Finance    | patti  | Wien    | AT | -1200 | 14
joni   | Joni Sherman    | Accountant             | Finance    | patti  | Wien    | AT |  -300 | -
"""
_STAFF: Final = tuple(_employee(line) for line in _STAFF_LIST.strip().splitlines())

_GROUPS: Final[dict[str, tuple[str, str, tuple[str, ...]]]] = {
    "All employees": ("Everybody on the staff list", "lee", tuple(e.alias for e in _STAFF)),
    "Sales team": ("Accounts, offers, the price list", "nestor", ("nestor", "adele", "megan")),
    "Finance team": ("Books and budgets", "patti", ("patti", "diego", "joni")),
    "IT administrators": ("Run what the others use", "lee", ("lee", "grady", "isaiah")),
    "Partner portal": ("Where partners meet sales", "nestor", ("adele", "rosa")),
}


ALIASES: Final = (*(employee.alias for employee in _STAFF), "rosa")
GROUP_NAMES: Final = tuple(_GROUPS)


def person_id(alias: str) -> str:
    """Give the id of a person of the small organisation."""
    return str(uuid5(_NAMESPACE, f"user/{alias}"))


def group_id(name: str) -> str:
    """Give the id of a group of the small organisation."""
    return str(uuid5(_NAMESPACE, f"group/{name}"))


async def small_organisation(conn: AsyncConnection, now: datetime) -> None:
    """Create the people, groups and service principals that are not there yet."""
    await changes.ensure_well_known(conn, now=now)
    drafts = [*(_user(employee, now) for employee in _STAFF), _guest()]
    there = await store.used_ids(conn, [draft.id for draft in drafts])
    missing = [draft for draft in drafts if draft.id not in there]
    await changes.add_users(conn, missing, now=now, actor=SYSTEM)
    await _add_groups(conn, now)


async def _add_groups(conn: AsyncConnection, now: datetime) -> None:
    there = await store.used_ids(conn, [group_id(name) for name in _GROUPS])
    missing = {name: told for name, told in _GROUPS.items() if group_id(name) not in there}
    drafts = [_group(name, description) for name, (description, _, _) in missing.items()]
    await changes.add_groups(conn, drafts, now=now, actor=SYSTEM)
    owners = [(group_id(name), person_id(owner)) for name, (_, owner, _) in missing.items()]
    await changes.add_owners(conn, owners, now=now, actor=SYSTEM)
    members = [
        (group_id(name), person_id(alias))
        for name, (_, _, aliases) in missing.items()
        for alias in aliases
    ]
    await changes.add_members(conn, members, now=now, actor=SYSTEM)


def _user(employee: _Employee, now: datetime) -> User:
    given, _, surname = employee.name.partition(" ")
    address = f"{employee.alias}@{DOMAIN}"
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    leaves = None if employee.leaves is None else midnight + timedelta(days=employee.leaves)
    return User(
        id=person_id(employee.alias),
        account_enabled=True,
        city=employee.city,
        company_name="Contoso",
        country=employee.country,
        department=employee.department,
        display_name=employee.name,
        employee_hire_date=midnight + timedelta(days=employee.joins),
        employee_id=f"C{1001 + _STAFF.index(employee)}",
        employee_leave_date_time=leaves,
        employee_org_data=EmployeeOrgData(cost_center=employee.department[:3].upper() + "-1"),
        employee_type="Employee",
        given_name=given,
        job_title=employee.title,
        mail=address,
        manager=DirectoryObject(id=person_id(employee.manager)) if employee.manager else UNSET,
        preferred_language="de-DE",
        surname=surname,
        usage_location=employee.country,
        user_principal_name=address,
    )


def _guest() -> User:
    return User(
        id=person_id("rosa"),
        account_enabled=True,
        company_name="Fabrikam",
        display_name="Rosa Ehrlich",
        external_user_state="Accepted",
        given_name="Rosa",
        mail="rosa@fabrikam.example",
        other_mails=["rosa@fabrikam.example"],
        surname="Ehrlich",
        user_principal_name=f"rosa_fabrikam.example#EXT#@{DOMAIN}",
        user_type="Guest",
    )


def _group(name: str, description: str) -> Group:
    return Group(
        id=group_id(name),
        description=description,
        display_name=name,
        mail_enabled=False,
        mail_nickname=name.lower().replace(" ", "-"),
        security_enabled=True,
    )
