"""The enumerations of entitlement management."""

from __future__ import annotations

from enum import nonmember

from ostiary.graph.types import EdmEnum


class AccessPackageCatalogState(EdmEnum):
    """Whether the packages of a catalog can be asked for."""

    UNPUBLISHED = "unpublished", 1
    PUBLISHED = "published", 2
    UNKNOWN_FUTURE_VALUE = "unknownFutureValue", 3


class AccessPackageCatalogType(EdmEnum):
    """Who made the catalog."""

    USER_MANAGED = "userManaged", 1
    SERVICE_DEFAULT = "serviceDefault", 2
    SERVICE_MANAGED = "serviceManaged", 3
    UNKNOWN_FUTURE_VALUE = "unknownFutureValue", 4


class AccessPackageRequestType(EdmEnum):
    """Who asks for what: access, a change of it, or its end."""

    NOT_SPECIFIED = "notSpecified", 0
    USER_ADD = "userAdd", 1
    USER_UPDATE = "userUpdate", 2
    USER_REMOVE = "userRemove", 3
    ADMIN_ADD = "adminAdd", 4
    ADMIN_UPDATE = "adminUpdate", 5
    ADMIN_REMOVE = "adminRemove", 6
    SYSTEM_ADD = "systemAdd", 7
    SYSTEM_UPDATE = "systemUpdate", 8
    SYSTEM_REMOVE = "systemRemove", 9
    ON_BEHALF_ADD = "onBehalfAdd", 10
    UNKNOWN_FUTURE_VALUE = "unknownFutureValue", 11
    APPROVER_REMOVE = "approverRemove", 12

    GATED = nonmember(("approverRemove",))
    ALSO = nonmember({"userextend": "userupdate"})
    """What beta calls a change of the end."""


class AccessPackageRequestState(EdmEnum):
    """Where a request stands."""

    SUBMITTED = "submitted", 0
    """Accepted; also while a callout of the created stage is pending."""
    PENDING_APPROVAL = "pendingApproval", 1
    """At least one approval stage is open."""
    DELIVERING = "delivering", 2
    """The roles of the package are being given or withdrawn."""
    DELIVERED = "delivered", 3
    """All of them are given; for a removal: withdrawn."""
    DELIVERY_FAILED = "deliveryFailed", 4
    """Nothing that can be used was given. It can be processed again."""
    DENIED = "denied", 5
    """Ended without access: by an approver, an extension or a deadline."""
    SCHEDULED = "scheduled", 6
    """Agreed, and the start date lies ahead."""
    CANCELED = "canceled", 7
    """Ended by its requestor or an administrator."""
    PARTIALLY_DELIVERED = "partiallyDelivered", 8
    """Some roles were given, others could not be. It can be processed again."""
    UNKNOWN_FUTURE_VALUE = "unknownFutureValue", 9


class AccessPackageAssignmentState(EdmEnum):
    """Where an assignment stands."""

    DELIVERING = "delivering", 0
    PARTIALLY_DELIVERED = "partiallyDelivered", 1
    DELIVERED = "delivered", 2
    EXPIRED = "expired", 3
    DELIVERY_FAILED = "deliveryFailed", 4
    UNKNOWN_FUTURE_VALUE = "unknownFutureValue", 5


class AccessPackageCustomExtensionStage(EdmEnum):
    """The moments at which a policy can call an extension."""

    ASSIGNMENT_REQUEST_CREATED = "assignmentRequestCreated", 1
    ASSIGNMENT_REQUEST_APPROVED = "assignmentRequestApproved", 2
    ASSIGNMENT_REQUEST_GRANTED = "assignmentRequestGranted", 3
    ASSIGNMENT_REQUEST_REMOVED = "assignmentRequestRemoved", 4
    ASSIGNMENT_FOURTEEN_DAYS_BEFORE_EXPIRATION = "assignmentFourteenDaysBeforeExpiration", 5
    ASSIGNMENT_ONE_DAY_BEFORE_EXPIRATION = "assignmentOneDayBeforeExpiration", 6
    UNKNOWN_FUTURE_VALUE = "unknownFutureValue", 7
    ASSIGNMENT_REQUEST_DETERMINING_APPROVAL_REQUIREMENTS = (
        "assignmentRequestDeterminingApprovalRequirements",
        8,
    )


class AllowedTargetScope(EdmEnum):
    """For whom a policy is."""

    NOT_SPECIFIED = "notSpecified", 0
    SPECIFIC_DIRECTORY_USERS = "specificDirectoryUsers", 1
    SPECIFIC_CONNECTED_ORGANIZATION_USERS = "specificConnectedOrganizationUsers", 2
    SPECIFIC_DIRECTORY_SERVICE_PRINCIPALS = "specificDirectoryServicePrincipals", 3
    ALL_MEMBER_USERS = "allMemberUsers", 4
    ALL_DIRECTORY_USERS = "allDirectoryUsers", 5
    ALL_DIRECTORY_SERVICE_PRINCIPALS = "allDirectoryServicePrincipals", 6
    ALL_CONFIGURED_CONNECTED_ORGANIZATION_USERS = "allConfiguredConnectedOrganizationUsers", 7
    ALL_EXTERNAL_USERS = "allExternalUsers", 8
    ALL_DIRECTORY_AGENT_IDENTITIES = "allDirectoryAgentIdentities", 9
    UNKNOWN_FUTURE_VALUE = "unknownFutureValue", 10


class ExpirationPatternType(EdmEnum):
    """How the end of an assignment is told."""

    NOT_SPECIFIED = "notSpecified", 0
    NO_EXPIRATION = "noExpiration", 1
    AFTER_DATE_TIME = "afterDateTime", 2
    AFTER_DURATION = "afterDuration", 3


class ApproverInformationVisibility(EdmEnum):
    """Whether requestors see who decides."""

    DEFAULT = "default", 0
    NOT_VISIBLE = "notVisible", 1
    VISIBLE = "visible", 2
    UNKNOWN_FUTURE_VALUE = "unknownFutureValue", 3


class AccessReviewExpirationBehavior(EdmEnum):
    """What becomes of access that nobody reviewed."""

    KEEP_ACCESS = "keepAccess", 0
    REMOVE_ACCESS = "removeAccess", 1
    ACCEPT_ACCESS_RECOMMENDATION = "acceptAccessRecommendation", 2
    UNKNOWN_FUTURE_VALUE = "unknownFutureValue", 99


class AccessReviewTimeoutBehavior(EdmEnum):
    """The same, as beta calls it."""

    KEEP_ACCESS = "keepAccess", 0
    REMOVE_ACCESS = "removeAccess", 1
    ACCEPT_ACCESS_RECOMMENDATION = "acceptAccessRecommendation", 2
    UNKNOWN_FUTURE_VALUE = "unknownFutureValue", 99


class AccessPackageSubjectType(EdmEnum):
    """What a subject is."""

    NOT_SPECIFIED = "notSpecified", 0
    USER = "user", 1
    SERVICE_PRINCIPAL = "servicePrincipal", 2
    UNKNOWN_FUTURE_VALUE = "unknownFutureValue", 3


class AccessPackageSubjectLifecycle(EdmEnum):
    """Whether the server may block and delete a guest whose last assignment ended."""

    NOT_DEFINED = "notDefined", 0
    NOT_GOVERNED = "notGoverned", 1
    GOVERNED = "governed", 2
    UNKNOWN_FUTURE_VALUE = "unknownFutureValue", 3


class RoleType(EdmEnum):
    """How a role of a resource is held."""

    ACTIVE = "active", 0
    ELIGIBLE = "eligible", 1
    APPLICATION = "application", 2
    DELEGATED = "delegated", 3
    UNKNOWN_FUTURE_VALUE = "unknownFutureValue", 99


class DayOfWeek(EdmEnum):
    """A day of the week."""

    SUNDAY = "sunday", 0
    MONDAY = "monday", 1
    TUESDAY = "tuesday", 2
    WEDNESDAY = "wednesday", 3
    THURSDAY = "thursday", 4
    FRIDAY = "friday", 5
    SATURDAY = "saturday", 6


class WeekIndex(EdmEnum):
    """Which week of a month."""

    FIRST = "first", 0
    SECOND = "second", 1
    THIRD = "third", 2
    FOURTH = "fourth", 3
    LAST = "last", 4


class RecurrencePatternType(EdmEnum):
    """How a recurrence is counted."""

    DAILY = "daily", 0
    WEEKLY = "weekly", 1
    ABSOLUTE_MONTHLY = "absoluteMonthly", 2
    RELATIVE_MONTHLY = "relativeMonthly", 3
    ABSOLUTE_YEARLY = "absoluteYearly", 4
    RELATIVE_YEARLY = "relativeYearly", 5


class RecurrenceRangeType(EdmEnum):
    """When a recurrence ends."""

    END_DATE = "endDate", 0
    NO_END = "noEnd", 1
    NUMBERED = "numbered", 2


class ApprovalFilterByCurrentUserOptions(EdmEnum):
    """What the caller is to the approvals that are asked for."""

    TARGET = "target", 0
    CREATED_BY = "createdBy", 1
    APPROVER = "approver", 2
    UNKNOWN_FUTURE_VALUE = "unknownFutureValue", 3


class AccessPackageAssignmentFilterByCurrentUserOptions(EdmEnum):
    """What the caller is to the assignments that are asked for."""

    TARGET = "target", 1
    CREATED_BY = "createdBy", 2
    UNKNOWN_FUTURE_VALUE = "unknownFutureValue", 99
    TARGET_MANAGER = "targetManager", 100
    TARGET_AGENT_IDENTITY_SPONSOR_OR_OWNER = "targetAgentIdentitySponsorOrOwner", 101


class AccessPackageAssignmentRequestFilterByCurrentUserOptions(EdmEnum):
    """What the caller is to the requests that are asked for."""

    TARGET = "target", 1
    CREATED_BY = "createdBy", 2
    APPROVER = "approver", 3
    UNKNOWN_FUTURE_VALUE = "unknownFutureValue", 99
    TARGET_OR_REQUESTOR = "targetOrRequestor", 100
    TARGET_MANAGER = "targetManager", 101
    REQUEST_FOR_OTHERS = "requestForOthers", 102
    TARGET_AGENT_IDENTITY_SPONSOR_OR_OWNER = "targetAgentIdentitySponsorOrOwner", 103
