"""What resources have to know of people: the attributes that a catalog asks for.

An attribute is answered by whoever asks for access, and becomes a property of the person in the
directory when the access is given; another answer, when the change of the access is carried out.
``isEditable`` says whether those who ask may put something in the place of a value that is there;
administrators always may. Without ``isPersistedOnAssignmentRemoval`` it is cleared when the access
ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from ostiary.directory.model import OnPremisesExtensionAttributes, User
from ostiary.entitlement import answers, questions
from ostiary.entitlement.model.attributes import (
    AccessPackageResourceAttribute,
    AccessPackageResourceAttributeQuestion,
    AccessPackageUserDirectoryAttributeStore,
)
from ostiary.entitlement.model.questions import AccessPackageAnswer, AccessPackageQuestion
from ostiary.graph.errors import InvalidModel

Attribute = AccessPackageResourceAttribute

PROPERTIES: Final = {
    "city": "city",
    "companyName": "company_name",
    "country": "country",
    "department": "department",
    "employeeId": "employee_id",
    "employeeType": "employee_type",
    "faxNumber": "fax_number",
    "jobTitle": "job_title",
    "mobilePhone": "mobile_phone",
    "officeLocation": "office_location",
    "postalCode": "postal_code",
    "preferredLanguage": "preferred_language",
    "state": "state",
    "streetAddress": "street_address",
    "usageLocation": "usage_location",
}
"""The properties of people that an attribute may set, and their names in Python."""

EXTENSIONS: Final = {f"extensionAttribute{n}": f"extension_attribute{n}" for n in range(1, 16)}
"""Those of ``onPremisesExtensionAttributes``."""

_NAMES: Final = {name.lower(): name for name in (*PROPERTIES, *EXTENSIONS)}


def checked(
    given: Sequence[AccessPackageResourceAttribute], *, make_id: Callable[[], str]
) -> list[AccessPackageResourceAttribute]:
    """Check the attributes of a resource, and give their questions ids.

    :raises InvalidModel: one of them is not complete, or cannot be written, or is there twice.
    """
    whole = [_checked(one, f"resource/attributes/{n}", make_id) for n, one in enumerate(given)]
    names = [one.name for one in whole]
    for number, name in enumerate(names):
        if name in names[:number]:
            path = f"resource/attributes/{number}/name"
            raise InvalidModel(f"'{path}': there is an attribute '{name}' already.", target=path)
    return whole


def asked_for(wanted: Sequence[Attribute]) -> list[AccessPackageQuestion]:
    """Give the questions by which attributes are asked for."""
    found = []
    for one in wanted:
        question = question_of(one)
        if question is not None:
            editable = one.is_editable is not False
            found.append(msgspec.structs.replace(question, is_answer_editable=editable))
    return found


def values_of(given: Iterable[AccessPackageAnswer]) -> dict[str, str]:
    """Give what was answered, by question."""
    return {key: one.value for key, one in answers.by_question(given).items() if one.value}


def edits(
    before: Iterable[AccessPackageAnswer], after: Iterable[AccessPackageAnswer]
) -> dict[str, str]:
    """Give what is answered otherwise than before, or for the first time, by question."""
    old = values_of(before)
    return {key: value for key, value in values_of(after).items() if old.get(key) != value}


def answer_to(attribute: Attribute, said: Mapping[str, str]) -> str | None:
    """Give what was answered about an attribute."""
    question = question_of(attribute)
    return said.get(question.id) if question else None


def value_of(user: User, attribute: Attribute) -> str | None:
    """Give the value that a person has in the directory."""
    held: Any = user
    name = PROPERTIES.get(attribute.name or "")
    if name is None:
        held, name = user.on_premises_extension_attributes, EXTENSIONS[attribute.name or ""]
    value: str | None = getattr(held, name, None)
    return value


def with_value(user: User, attribute: Attribute, value: str | None) -> User:
    """Give a person with another value."""
    name = PROPERTIES.get(attribute.name or "")
    if name is not None:
        return msgspec.structs.replace(user, **{name: value})
    held = user.on_premises_extension_attributes or OnPremisesExtensionAttributes()
    more = msgspec.structs.replace(held, **{EXTENSIONS[attribute.name or ""]: value})
    return msgspec.structs.replace(user, on_premises_extension_attributes=more)


def question_of(attribute: AccessPackageResourceAttribute) -> AccessPackageQuestion | None:
    """Give the question by which an attribute is asked for."""
    source = attribute.source
    if isinstance(source, AccessPackageResourceAttributeQuestion):
        return source.question if isinstance(source.question, AccessPackageQuestion) else None
    return None


def _checked(
    one: AccessPackageResourceAttribute, path: str, make_id: Callable[[], str]
) -> AccessPackageResourceAttribute:
    name = _NAMES.get((one.name or "").lower())
    if name is None:
        raise InvalidModel(
            f"'{path}/name' must be a property of people that can be set: "
            f"{', '.join(PROPERTIES)}, or extensionAttribute1 to extensionAttribute15.",
            target=f"{path}/name",
        )
    if not isinstance(one.destination, AccessPackageUserDirectoryAttributeStore):
        raise InvalidModel(
            f"'{path}/destination' must be a "
            "'#microsoft.graph.accessPackageUserDirectoryAttributeStore'.",
            target=f"{path}/destination",
        )
    question = question_of(one)
    if question is None:
        raise InvalidModel(
            f"'{path}/source' must be a "
            "'#microsoft.graph.accessPackageResourceAttributeQuestion' with a 'question'.",
            target=f"{path}/source",
        )
    questions.check_question(question, f"{path}/source/question")
    with_id = msgspec.structs.replace(question, id=question.id or make_id())
    return msgspec.structs.replace(
        one,
        id=with_id.id,
        name=name,
        is_editable=one.is_editable is not False,
        is_persisted_on_assignment_removal=one.is_persisted_on_assignment_removal is not False,
        source=AccessPackageResourceAttributeQuestion(question=with_id),
    )
