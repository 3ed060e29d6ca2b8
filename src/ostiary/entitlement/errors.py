"""What entitlement management refuses, by code."""

from __future__ import annotations

from ostiary.graph.errors import BadRequest, Conflict, Forbidden, NotFound


class ExistingOpenRequest(BadRequest):
    """The target already waits for the same package."""

    code = "ExistingOpenRequest"
    message = "The target already has an open request for this access package."


class ExistingGrant(BadRequest):
    """The target already has the package."""

    code = "ExistingGrant"
    message = "The target already has an assignment of this access package."


class PolicyRequirementsNotMet(Forbidden):
    """The policy is not for this target, or not for requests of this kind."""

    code = "PolicyRequirementsNotMet"
    message = "You don't meet policy requirements to request this entitlement."


class JustificationRequired(BadRequest):
    """A reason is asked for and none was given."""

    code = "JustificationRequired"
    message = "The property 'justification' is required here."


class RequiredAnswerMissing(BadRequest):
    """A required question of the policy was not answered, or not as it must be."""

    code = "RequiredAnswerMissing"
    message = "A required question of the policy is not answered."


class IncompatibleAccessPackage(BadRequest):
    """The target has a package that excludes this one."""

    code = "IncompatibleAccessPackage"
    message = "The target has an incompatible access package."


class IncompatibleGroup(BadRequest):
    """The target is in a group that excludes the package."""

    code = "IncompatibleGroup"
    message = "The target is a member of an incompatible group."


class ScheduleNotAllowed(BadRequest):
    """The asked start or end is not allowed by the policy."""

    code = "ScheduleNotAllowed"
    message = "The policy does not allow this schedule."


class StateNotAllowedAtStage(BadRequest):
    """An extension tried to end a request at a stage that can only go on."""

    code = "StateNotAllowedAtStage"
    message = "The request cannot be denied or canceled at this stage."


class RequestNotCancelable(BadRequest):
    """The request is past the point where it can be canceled."""

    code = "RequestNotCancelable"
    message = "The request can no longer be canceled."


class RequestNotReprocessable(BadRequest):
    """The request did not fail, or failed too long ago."""

    code = "RequestNotReprocessable"
    message = "The request cannot be processed again."


class AssignmentNotReprocessable(BadRequest):
    """Only delivered assignments can be written again."""

    code = "AssignmentNotReprocessable"
    message = "Only a delivered assignment can be processed again."


class OperationNotAllowed(BadRequest):
    """Something else depends on the object."""

    code = "OperationNotAllowed"
    message = "The object is in use."


class InvalidFilter(BadRequest):
    """A list is asked for without the filter that it needs."""

    code = "InvalidFilter"
    message = (
        "Environments are listed by origin system only: use $filter=originSystem eq "
        "'SharePointOnline'."
    )


class ResourceAlreadyOnboarded(BadRequest):
    """The catalog already has the resource."""

    code = "ResourceAlreadyOnboarded"
    message = "The specified resource is already onboarded to ELM."


class ResourceNotFoundInOriginSystem(BadRequest):
    """There is no such group in the directory."""

    code = "ResourceNotFoundInOriginSystem"
    message = "The specified resource does not exist in its origin system."


class UnresolvedLogicApp(BadRequest):
    """A Logic App whose address nobody has told, where the settings insist on one."""

    code = "LogicAppNotResolved"
    message = "The address of the Logic App is not known."


class ConnectivityTestFailed(BadRequest):
    """The endpoint of a new extension takes no calls, where the settings insist on it."""

    code = "ConnectivityTestFailed"
    message = "The endpoint of the custom extension could not be called."


class NotAnApprover(Forbidden):
    """The caller is not asked to decide this stage."""

    message = "You are not an approver of this stage."


class AlreadyDecided(Conflict):
    """Another approver was first."""

    message = "Another approver has already decided this stage."


class StageClosed(BadRequest):
    """The stage is not open: not yet, or no longer."""

    code = "ApprovalStageClosed"
    message = "The approval stage is not open."


class NotThere(NotFound):
    """There is no such object, or none that the caller may know of."""

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(f"There is no {kind} with the id '{key}'.", kind=kind, key=key)
