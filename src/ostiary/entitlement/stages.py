"""Extensions in a policy: what fits which stage, what has to be called, what an answer means.

A request extension belongs to the stages of a request and may be waited for; an assignment
extension belongs to the stages before an assignment ends and never is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from ostiary.entitlement.model.catalogs import AccessPackageAssignmentPolicy
from ostiary.entitlement.model.enums import AccessPackageCustomExtensionStage as Stage
from ostiary.entitlement.model.extensions import (
    AccessPackageAssignmentRequestWorkflowExtension,
    AccessPackageAssignmentWorkflowExtension,
    CustomAccessPackageWorkflowExtension,
    CustomExtensionStageSetting,
    WorkflowExtension,
)
from ostiary.entitlement.states import PlannedCall, Verdict
from ostiary.graph.errors import InvalidModel
from ostiary.graph.types import UNSET

MAX_SETTINGS: Final = 5
"""How many extensions a policy may call."""

STAGES_OF: Final[dict[type[WorkflowExtension], frozenset[Stage]]] = {
    AccessPackageAssignmentRequestWorkflowExtension: frozenset(
        {
            Stage.ASSIGNMENT_REQUEST_CREATED,
            Stage.ASSIGNMENT_REQUEST_DETERMINING_APPROVAL_REQUIREMENTS,
            Stage.ASSIGNMENT_REQUEST_APPROVED,
            Stage.ASSIGNMENT_REQUEST_GRANTED,
            Stage.ASSIGNMENT_REQUEST_REMOVED,
        }
    ),
    AccessPackageAssignmentWorkflowExtension: frozenset(
        {
            Stage.ASSIGNMENT_FOURTEEN_DAYS_BEFORE_EXPIRATION,
            Stage.ASSIGNMENT_ONE_DAY_BEFORE_EXPIRATION,
        }
    ),
    CustomAccessPackageWorkflowExtension: frozenset(
        {
            Stage.ASSIGNMENT_REQUEST_CREATED,
            Stage.ASSIGNMENT_REQUEST_APPROVED,
            Stage.ASSIGNMENT_REQUEST_GRANTED,
            Stage.ASSIGNMENT_REQUEST_REMOVED,
            Stage.ASSIGNMENT_FOURTEEN_DAYS_BEFORE_EXPIRATION,
            Stage.ASSIGNMENT_ONE_DAY_BEFORE_EXPIRATION,
        }
    ),
}

_EVERY_STAGE: Final = frozenset(Stage)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownExtension:
    """An extension as far as a policy cares."""

    id: str
    catalog_id: str
    type: type[WorkflowExtension]
    waits: bool


def is_older(extension: KnownExtension | None) -> bool:
    """Say whether an extension is of the older kind, which is told in another form."""
    return extension is not None and extension.type is CustomAccessPackageWorkflowExtension


def settings_of(policy: AccessPackageAssignmentPolicy) -> list[CustomExtensionStageSetting]:
    """Give the stage settings of a policy; none when it names none."""
    settings = policy.custom_extension_stage_settings
    return settings if isinstance(settings, list) else []


def extension_id(setting: CustomExtensionStageSetting) -> str | None:
    """Give the id of the extension that a setting names."""
    return setting.custom_extension.id.lower() or None if setting.custom_extension else None


def bare(setting: CustomExtensionStageSetting) -> CustomExtensionStageSetting:
    """Give a setting that names its extension and says nothing else of it."""
    extension = setting.custom_extension
    if not extension:
        return setting
    rest = {name: UNSET for name in extension.__struct_fields__ if name != "id"}
    named = msgspec.structs.replace(extension, **rest)
    return msgspec.structs.replace(setting, id="", custom_extension=named)


def check_settings(
    settings: Sequence[CustomExtensionStageSetting],
    known: Mapping[str, KnownExtension],
    *,
    catalog_id: str,
) -> None:
    """Check the stage settings of a policy whose package is in ``catalog_id``.

    :raises InvalidModel: there are more than five, or one names no stage, or an extension that does
        not exist, is of another catalog, or is not for that stage.
    """
    if len(settings) > MAX_SETTINGS:
        raise InvalidModel(
            f"A policy can call at most {MAX_SETTINGS} custom extensions; "
            f"'customExtensionStageSettings' has {len(settings)}.",
            target="customExtensionStageSettings",
        )
    for number, setting in enumerate(settings):
        _check_setting(setting, known, catalog_id, f"customExtensionStageSettings/{number}")


def calls_of(
    policy: AccessPackageAssignmentPolicy, known: Mapping[str, KnownExtension]
) -> tuple[PlannedCall, ...]:
    """Give the calls that a policy demands, in their order.

    An extension that is gone counts as awaited: the request then fails closed.
    """
    return tuple(
        PlannedCall(
            stage=setting.stage,
            extension_id=key,
            waits=known[key].waits if key in known else True,
        )
        for setting in settings_of(policy)
        if (key := extension_id(setting))
    )


def read_verdict(state: str | None) -> Verdict:
    """Say what the ``state`` of an answer asks for.

    :raises InvalidModel: it is neither absent, nor denied, nor canceled.
    """
    match (state or "").strip().lower():
        case "":
            return Verdict.CONTINUE
        case "denied":
            return Verdict.DENY
        case "canceled" | "cancelled":
            return Verdict.CANCEL
        case _:
            raise InvalidModel(
                "The property 'data/state' must be 'denied' or 'canceled'; leave it out to go on.",
                target="data/state",
            )


def _check_setting(
    setting: CustomExtensionStageSetting,
    known: Mapping[str, KnownExtension],
    catalog_id: str,
    path: str,
) -> None:
    if setting.stage not in _EVERY_STAGE:
        raise InvalidModel(f"The property '{path}/stage' is required.", target=f"{path}/stage")
    here = f"{path}/customExtension"
    key = extension_id(setting)
    extension = known.get(key) if key else None
    if key is None:
        raise InvalidModel(f"The property '{here}' needs an 'id'.", target=here)
    if extension is None or extension.catalog_id != catalog_id:
        raise InvalidModel(
            f"'{here}' names '{key}', which is no custom extension of the package's catalog.",
            target=here,
        )
    if setting.stage not in STAGES_OF[extension.type]:
        raise InvalidModel(
            f"'{here}' names an extension that cannot be called at the stage '{setting.stage}'; "
            f"it can be called at {', '.join(sorted(STAGES_OF[extension.type]))}.",
            target=here,
        )
