"""Dynamic attributes: names in the text of a mail that stand for facts about a person.

Three notations are in use: ``{{userDisplayName}}``, ``{{user.displayName}}`` and, in one sample,
``[UserDisplayName]``. An attribute that the person does not have is empty; a name that is none
stays as it was typed, and ``unknown`` finds those so that somebody can be told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from ostiary.directory.model import User
from ostiary.directory.people import Person

Value = str | datetime

_NAME: Final = re.compile(
    r"\{\{\s*(?P<braces>[A-Za-z][\w./-]*)\s*\}\}|\[(?P<brackets>(?:User|Manager)[A-Za-z]+)\]"
)
_TWO_PARTS: Final = re.compile(r"user\.customsecurityattributes/[^/]+/[^/]+")
"""Attributes that the directory does not keep: they are known, and empty."""

PASS: Final = "temporaryAccessPass"  # noqa: S105  # the name of an attribute


def of(user: User, manager: Person | None = None, **more: str) -> dict[str, Value]:
    """Give the attributes of a person by the names that texts use, in lower case.

    ``more`` is what only one task knows, such as ``temporaryAccessPass``.
    """
    values: dict[str, Any] = {
        "userDisplayName": user.display_name,
        "userGivenName": user.given_name,
        "userSurname": user.surname,
        "userPrincipalName": user.user_principal_name,
        "userEmployeeHireDate": user.employee_hire_date,
        "userEmployeeLeaveDateTime": user.employee_leave_date_time,
        "managerDisplayName": manager.display_name if manager else None,
        "managerEmail": manager.mail if manager else None,
        **_new(user),
        **more,
    }
    return {name.lower(): "" if value is None else value for name, value in values.items()}


def fill(text: str, values: Mapping[str, Any], write: Callable[[Any], str]) -> str:
    """Put the values of attributes into a text; ``write`` makes text of a value."""

    def value(match: re.Match[str]) -> str:
        name = _name(match)
        if name in values:
            return write(values[name])
        return "" if _TWO_PARTS.fullmatch(name) else match[0]

    return _NAME.sub(value, text)


def unknown(text: str, values: Mapping[str, Any]) -> list[str]:
    """Give the names in a text that are no attributes, as they were typed.

    What stands in square brackets may be anything, and is never counted.
    """
    found = (match for match in _NAME.finditer(text) if match["braces"])
    typed = (m[0] for m in found if _name(m) not in values and not _TWO_PARTS.fullmatch(_name(m)))
    return list(dict.fromkeys(typed))


def names(text: str) -> set[str]:
    """Give the names of the attributes in a text, in lower case."""
    return {_name(match) for match in _NAME.finditer(text)}


def _name(match: re.Match[str]) -> str:
    return (match["braces"] or match["brackets"]).lower()


def _new(user: User) -> dict[str, Any]:
    """Give the attributes of the newer notation."""
    organisation = user.employee_org_data
    extension = user.on_premises_extension_attributes
    plain = {
        "displayName": user.display_name,
        "givenName": user.given_name,
        "userPrincipalName": user.user_principal_name,
        "employeeHireDate": user.employee_hire_date,
        "employeeLeaveDateTime": user.employee_leave_date_time,
        "createdDateTime": user.created_date_time,
        "employeeType": user.employee_type,
        "department": user.department,
        "companyName": user.company_name,
        "jobTitle": user.job_title,
        "employeeOrgData/costCenter": organisation.cost_center if organisation else None,
        "employeeOrgData/division": organisation.division if organisation else None,
    }
    numbered = {
        f"onPremisesExtensionAttributes/extensionAttribute{n}": getattr(
            extension, f"extension_attribute{n}", None
        )
        for n in range(1, 16)
    }
    return {f"user.{name}": value for name, value in (plain | numbered).items()}
