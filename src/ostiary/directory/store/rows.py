"""Rows of the one table to the values of each kind, and back.

A property whose Python name is a column needs no line here: only those that are kept in another
shape do. Columns of JSON hold what the wire holds, in the wire's spelling.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import RowMapping

from ostiary.directory.groups import Group
from ostiary.directory.model import (
    Application,
    AppRole,
    AssignedLicense,
    AssignedPlan,
    DirectoryObject,
    EmployeeOrgData,
    OnPremisesExtensionAttributes,
    ServicePrincipal,
    SignInActivity,
)
from ostiary.directory.model import Group as WireGroup
from ostiary.directory.model import User as WireUser
from ostiary.directory.objects import Kind, Reference
from ostiary.directory.people import MEMBER, Person
from ostiary.directory.tables import directory_objects

Values = dict[str, Any]  # column values of several types
WireT = TypeVar("WireT", bound=DirectoryObject)

_LISTS: Final[Mapping[str, Any]] = {
    "app_roles": list[AppRole],
    "assigned_licenses": list[AssignedLicense],
    "assigned_plans": list[AssignedPlan],
    "business_phones": list[str],
    "group_types": list[str],
    "other_mails": list[str],
    "proxy_addresses": list[str],
}
_UNIQUE_NAMES: Final[Mapping[Kind, str]] = {
    Kind.USER: "user_principal_name",
    Kind.APPLICATION: "app_id",
    Kind.SERVICE_PRINCIPAL: "app_id",
}
_KINDS: Final[Mapping[type[DirectoryObject], Kind]] = {
    WireUser: Kind.USER,
    WireGroup: Kind.GROUP,
    Application: Kind.APPLICATION,
    ServicePrincipal: Kind.SERVICE_PRINCIPAL,
}


def unique_name(text: str) -> str:
    """Give the form of a name in which two names that differ by case are the same."""
    return text.lower()


def wire_user(row: RowMapping) -> WireUser:
    """Make the wire type of a person's row."""
    user = _wire(WireUser, row)
    if row["cost_center"] is not None or row["division"] is not None:
        user.employee_org_data = EmployeeOrgData(
            cost_center=row["cost_center"], division=row["division"]
        )
    if row["extension_attributes"] is not None:
        user.on_premises_extension_attributes = msgspec.convert(
            row["extension_attributes"], OnPremisesExtensionAttributes
        )
    signed_in = {name: row[name] for name in SignInActivity.__struct_fields__}
    if any(signed_in.values()):
        user.sign_in_activity = SignInActivity(**signed_in)
    return user


def wire_group(row: RowMapping) -> WireGroup:
    """Make the wire type of a group's row."""
    return _wire(WireGroup, row)


def wire_application(row: RowMapping) -> Application:
    """Make the wire type of an application's row; its secrets stand in a table of their own."""
    return _wire(Application, row)


def wire_service_principal(row: RowMapping) -> ServicePrincipal:
    """Make the wire type of a service principal's row."""
    principal = _wire(ServicePrincipal, row)
    principal.app_display_name = principal.display_name
    return principal


def wire_object(row: RowMapping) -> DirectoryObject:
    """Make the wire type that a row's kind asks for."""
    match Kind(row["kind"]):
        case Kind.USER:
            return wire_user(row)
        case Kind.GROUP:
            return wire_group(row)
        case Kind.APPLICATION:
            return wire_application(row)
        case Kind.SERVICE_PRINCIPAL:
            return wire_service_principal(row)


def _wire(type_: type[WireT], row: RowMapping) -> WireT:
    return type_(**{name: _loaded(name, row[name]) for name in _columns_of(type_)})


@cache
def _columns_of(type_: type[DirectoryObject]) -> tuple[str, ...]:
    return tuple(name for name in type_.__struct_fields__ if name in directory_objects.c)


def _loaded(name: str, stored: Any) -> Any:
    if name not in _LISTS:
        return stored
    return msgspec.convert(stored, _LISTS[name]) if stored else []


def kind_of(entity: DirectoryObject) -> Kind:
    """Say which kind of directory object a wire type is."""
    return _KINDS[type(entity)]


def values_of(entity: DirectoryObject) -> Values:
    """Give the column values of a directory object: the columns of its kind alone."""
    kind = kind_of(entity)
    values: Values = {name: getattr(entity, name) for name in _columns_of(type(entity))}
    for name in _LISTS.keys() & values.keys():
        values[name] = msgspec.to_builtins(values[name])
    if isinstance(entity, WireUser):
        values |= _user_values(entity)
    unique = values[_UNIQUE_NAMES[kind]] if kind in _UNIQUE_NAMES else None
    return {**values, "kind": kind.value, "unique_name": unique_name(unique) if unique else None}


def _user_values(user: WireUser) -> Values:
    org = user.employee_org_data or EmployeeOrgData()
    extension = user.on_premises_extension_attributes
    signed_in = user.sign_in_activity or SignInActivity()
    return {
        **msgspec.structs.asdict(signed_in),
        "cost_center": org.cost_center,
        "division": org.division,
        "extension_attributes": msgspec.to_builtins(extension) if extension else None,
    }


def person(row: RowMapping) -> Person:
    """Make the governors' view of a person's row."""
    return Person(
        **{name: row[name] for name in _PERSON_PLAIN},
        user_type=row["user_type"] or MEMBER,
        account_enabled=row["account_enabled"] is not False,
        other_mails=tuple(row["other_mails"] or ()),
        license_sku_ids=frozenset(held["skuId"] for held in row["assigned_licenses"] or ()),
        on_premises_sync_enabled=bool(row["on_premises_sync_enabled"]),
    )


def group(row: RowMapping) -> Group:
    """Make the governors' view of a group's row."""
    return Group(
        id=row["id"],
        display_name=row["display_name"],
        description=row["description"],
        mail=row["mail"],
        group_types=tuple(row["group_types"] or ()),
        mail_enabled=bool(row["mail_enabled"]),
        security_enabled=bool(row["security_enabled"]),
        is_assignable_to_role=bool(row["is_assignable_to_role"]),
        on_premises_sync_enabled=bool(row["on_premises_sync_enabled"]),
    )


def reference(row: RowMapping) -> Reference:
    """Name the object of a row, whatever its kind."""
    values = {name: row[name] for name in REFERENCE_COLUMNS}
    return Reference(**{**values, "kind": Kind(row["kind"])})


REFERENCE_COLUMNS: Final = tuple(Reference.__dataclass_fields__)
_PERSON_SHAPED: Final = (
    "user_type",
    "account_enabled",
    "other_mails",
    "license_sku_ids",
    "on_premises_sync_enabled",
)
_PERSON_PLAIN: Final = tuple(
    name for name in Person.__dataclass_fields__ if name not in _PERSON_SHAPED
)
PERSON_COLUMNS: Final = tuple(
    "assigned_licenses" if name == "license_sku_ids" else name
    for name in Person.__dataclass_fields__
)
