"""The attributes of people that a rule can ask for, by the names that each syntax has for them.

The catalogue is data: a further attribute of the directory is a further line here. ``path`` is how
the API spells it; ``column`` and ``member`` say where it is kept; ``read`` takes it from a user.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from ostiary.directory.model import OnPremisesExtensionAttributes, User
from ostiary.directory.rules.errors import RuleError


class Syntax(StrEnum):
    """The two ways in which rules are written."""

    FILTER = "filter"
    """``department eq 'Sales'``: the scopes of lifecycle workflows."""

    MEMBERSHIP = "membership"
    """``user.department -eq "Sales"``: automatic assignment."""


class Kind(StrEnum):
    """What an attribute holds."""

    TEXT = "text"
    BOOLEAN = "boolean"
    INSTANT = "instant"
    TEXTS = "texts"
    """A list of texts."""
    PLANS = "plans"
    """A list of objects, whose members are texts."""
    GROUPS = "groups"
    """The groups that somebody is a direct member of."""
    MANAGER = "manager"
    """Whom somebody reports to."""


PLAN_MEMBERS: Final = ("capabilityStatus", "service", "servicePlanId")
"""What a rule can ask of an assigned plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute of people."""

    path: str
    kind: Kind
    column: str
    member: str | None = None
    """The member of a JSON object, where the column holds one."""
    starts: bool = True
    """Whether the scopes of workflows may ask how it begins."""
    syntaxes: frozenset[Syntax] = frozenset(Syntax)
    membership_name: str | None = None
    """Its name in membership rules, where that is not the last part of ``path``."""
    read: Callable[[User], Any] = field(compare=False, repr=False)

    @property
    def is_list(self) -> bool:
        """Whether somebody can have several of it."""
        return self.kind in (Kind.TEXTS, Kind.PLANS)

    def name_in(self, syntax: Syntax) -> str:
        """Give its name in a syntax."""
        if syntax is Syntax.FILTER:
            return self.path
        return self.membership_name or self.path.rpartition("/")[2]


def _plain(path: str, kind: Kind = Kind.TEXT, **more: Any) -> Attribute:
    column = re.sub(r"([A-Z])", r"_\1", path).lower()
    return Attribute(
        path=path, kind=kind, column=column, read=lambda user: getattr(user, column), **more
    )


def _of_employment(member: str) -> Attribute:
    column = re.sub(r"([A-Z])", r"_\1", member).lower()

    def read(user: User) -> str | None:
        return getattr(user.employee_org_data, column) if user.employee_org_data else None

    path = f"employeeOrgData/{member}"
    return Attribute(path=path, kind=Kind.TEXT, column=column, starts=False, read=read)


def _extension(python: str, member: str) -> Attribute:
    def read(user: User) -> str | None:
        kept = user.on_premises_extension_attributes
        return getattr(kept, python) if kept else None

    return Attribute(
        path=f"onPremisesExtensionAttributes/{member}",
        kind=Kind.TEXT,
        column="extension_attributes",
        member=member,
        starts=False,
        read=read,
    )


_MEMBERSHIP_ONLY: Final = frozenset({Syntax.MEMBERSHIP})

ATTRIBUTES: Final[tuple[Attribute, ...]] = (
    _plain("accountEnabled", Kind.BOOLEAN),
    _plain("onPremisesSyncEnabled", Kind.BOOLEAN, membership_name="dirSyncEnabled"),
    _plain("assignedPlans", Kind.PLANS),
    _plain("employeeId", starts=False),
    _of_employment("costCenter"),
    _of_employment("division"),
    _plain("employeeType", starts=False),
    *(
        _extension(python, member)
        for python, member in zip(
            OnPremisesExtensionAttributes.__struct_fields__,
            OnPremisesExtensionAttributes.__struct_encode_fields__,
            strict=True,
        )
    ),
    _plain("onPremisesSecurityIdentifier", starts=False),
    _plain("userType", starts=False),
    _plain("city"),
    _plain("companyName"),
    _plain("country"),
    _plain("department"),
    _plain("displayName"),
    _plain("faxNumber", membership_name="facsimileTelephoneNumber"),
    _plain("givenName"),
    _plain("jobTitle"),
    _plain("mail"),
    _plain("mailNickname"),
    _plain("mobilePhone", membership_name="mobile"),
    _plain("officeLocation", membership_name="physicalDeliveryOfficeName"),
    _plain("otherMails", Kind.TEXTS),
    _plain("postalCode"),
    _plain("preferredLanguage"),
    _plain("proxyAddresses", Kind.TEXTS),
    _plain("state"),
    _plain("streetAddress"),
    _plain("surname"),
    _plain("usageLocation"),
    _plain("userPrincipalName"),
    _plain("id", membership_name="objectId", syntaxes=_MEMBERSHIP_ONLY),
    _plain(
        "businessPhones", Kind.TEXTS, membership_name="telephoneNumber", syntaxes=_MEMBERSHIP_ONLY
    ),
    _plain("employeeHireDate", Kind.INSTANT, syntaxes=_MEMBERSHIP_ONLY),
    Attribute(
        path="memberOf",
        kind=Kind.GROUPS,
        column="id",
        syntaxes=_MEMBERSHIP_ONLY,
        read=lambda user: (),
    ),
)

MANAGER: Final = Attribute(
    path="manager",
    kind=Kind.MANAGER,
    column="manager_id",
    syntaxes=frozenset(),
    read=lambda user: None,
)
"""What ``Direct Reports for "…"`` asks for; it has no name of its own in a rule."""

REFUSED: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (
        re.compile(r"extension_[0-9a-f]{32}_.*", re.IGNORECASE),
        "no directory extension: this directory keeps none; the fifteen extension attributes "
        "(onPremisesExtensionAttributes) are there for what an organisation adds",
    ),
    (
        re.compile(r"customSecurityAttributes(/.*)?", re.IGNORECASE),
        "no custom security attribute: this directory keeps none; the fifteen extension "
        "attributes (onPremisesExtensionAttributes) are there for what an organisation adds",
    ),
)
"""What the published language has besides, and why it cannot be asked for here."""


def _by_name(syntax: Syntax) -> Mapping[str, Attribute]:
    known = [attribute for attribute in ATTRIBUTES if syntax in attribute.syntaxes]
    names = {attribute.name_in(syntax).lower(): attribute for attribute in known}
    if syntax is Syntax.MEMBERSHIP:  # the API's own names do as well
        paths = {attribute.path.replace("/", ".").lower(): attribute for attribute in known}
        names = paths | names
    return names


_NAMES: Final = {syntax: _by_name(syntax) for syntax in Syntax}


def find(name: str, syntax: Syntax, position: int) -> Attribute:
    """Give the attribute that a rule names, in any case.

    :raises RuleError: there is none, or none that this syntax can ask for.
    """
    found = _NAMES[syntax].get(name.lower())
    if found is not None:
        return found
    for pattern, reason in REFUSED:
        if pattern.fullmatch(name.replace(".", "/")):
            raise RuleError(position, f"a rule can name {reason}", found=f"'{name}'")
    near = difflib.get_close_matches(name.lower(), _NAMES[syntax], n=1)
    hint = f", such as '{_NAMES[syntax][near[0]].name_in(syntax)}'," if near else ""
    raise RuleError(
        position,
        f"an attribute of people that rules can ask for{hint} is expected",
        found=f"'{name}'",
    )
