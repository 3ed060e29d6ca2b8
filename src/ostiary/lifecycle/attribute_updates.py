"""The argument of "Update user attributes": which attributes get which values.

It is a JSON text, ``[{"attribute": "department", "value": "Sales"}, …]``; an empty value clears.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from ostiary.directory.model import EmployeeOrgData, OnPremisesExtensionAttributes, User

MAX_UPDATES: Final = 10

_PLAIN: Final = (
    "city",
    "company_name",
    "country",
    "department",
    "display_name",
    "employee_id",
    "employee_type",
    "fax_number",
    "given_name",
    "job_title",
    "mail_nickname",
    "mobile_phone",
    "office_location",
    "postal_code",
    "preferred_language",
    "state",
    "street_address",
    "surname",
    "usage_location",
)
_NESTED: Final[Mapping[str, type[msgspec.Struct]]] = {
    "on_premises_extension_attributes": OnPremisesExtensionAttributes,
    "employee_org_data": EmployeeOrgData,
}
_NEVER_EMPTY: Final = frozenset({"displayName"})


@dataclass(frozen=True, slots=True)
class Update:
    """One attribute with its new value; None clears it."""

    path: tuple[str, ...]
    """The Python names that lead to it, below a user."""
    attribute: str
    value: str | None


class _Item(msgspec.Struct, forbid_unknown_fields=True):
    attribute: str
    value: str | None = None


def _spelled() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Give the attributes by lower-case name: how they are spelled, and where they are."""
    names = {f.name: f.encode_name for f in msgspec.structs.fields(User)}
    found: dict[str, tuple[str, ...]] = {names[name]: (name,) for name in _PLAIN}
    for parent, type_ in _NESTED.items():
        for field in msgspec.structs.fields(type_):
            found[f"{names[parent]}/{field.encode_name}"] = (parent, field.name)
    return {name.lower(): (name, path) for name, path in found.items()}


ATTRIBUTES: Final = _spelled()


def read_updates(text: str) -> list[Update]:
    """Read the argument.

    :raises ValueError: it cannot be read, or names what no workflow may change; says what.
    """
    try:
        items = msgspec.json.decode(text, type=list[_Item])
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise ValueError(
            'must be JSON such as [{"attribute": "department", "value": "Sales"}]: ' + str(error)
        ) from None
    if not 1 <= len(items) <= MAX_UPDATES:
        raise ValueError(f"must name between 1 and {MAX_UPDATES} attributes")
    updates = [_update(item) for item in items]
    names = [update.attribute for update in updates]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"names '{twice}' twice")
    return updates


def updated(user: User, updates: list[Update]) -> User:
    """Give the user with new values; whether they are valid is the directory's business."""
    changes: dict[str, Any] = {}  # values of several types
    for update in updates:
        head, *below = update.path
        if not below:
            changes[head] = update.value
            continue
        current = changes.get(head, getattr(user, head)) or _NESTED[head]()
        changes[head] = msgspec.structs.replace(current, **{below[0]: update.value})
    return msgspec.structs.replace(user, **changes)


def _update(item: _Item) -> Update:
    known = ATTRIBUTES.get(item.attribute.strip().lower())
    if known is None:
        raise ValueError(f"names '{item.attribute}', which no workflow can change")
    name, path = known
    if name in _NEVER_EMPTY and not item.value:
        raise ValueError(f"would clear '{name}', which nobody can be without")
    return Update(path, name, item.value or None)
