"""Wire types of the directory, spelled as published.

A user, a group, an application and a service principal are all directory objects; a list that may
hold several kinds (members, owners, memberOf) is declared as a list of directory objects, and each
item says by ``@odata.type`` what it is. Properties that the published schema lets be null are
nullable here too; ``people``, ``groups`` and ``applications`` say which of them a new object needs.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import field

from ostiary.graph.types import (
    UNSET,
    BetaOnly,
    Complex,
    EdmType,
    Entity,
    Nav,
    ReadOnly,
    UnsetType,
    WriteOnly,
)

Guid = Annotated[str, EdmType("Edm.Guid")]


class DirectoryObject(Entity, kw_only=True):
    """Anything that lives in the directory."""

    deleted_date_time: Annotated[datetime | None, ReadOnly] = None


class EmployeeOrgData(Complex, kw_only=True):
    """Where in the organisation's books an employee stands."""

    cost_center: str | None = None
    division: str | None = None


class SignInActivity(Complex, kw_only=True):
    """When somebody last signed in, as far as the directory has been told."""

    last_non_interactive_sign_in_date_time: datetime | None = None
    last_sign_in_date_time: datetime | None = None
    last_successful_sign_in_date_time: datetime | None = None


class OnPremisesExtensionAttributes(Complex, kw_only=True):
    """Fifteen texts of the organisation's own, which rules may ask for."""

    extension_attribute1: str | None = None
    extension_attribute2: str | None = None
    extension_attribute3: str | None = None
    extension_attribute4: str | None = None
    extension_attribute5: str | None = None
    extension_attribute6: str | None = None
    extension_attribute7: str | None = None
    extension_attribute8: str | None = None
    extension_attribute9: str | None = None
    extension_attribute10: str | None = None
    extension_attribute11: str | None = None
    extension_attribute12: str | None = None
    extension_attribute13: str | None = None
    extension_attribute14: str | None = None
    extension_attribute15: str | None = None


class AssignedLicense(Complex, kw_only=True):
    """A licence that somebody holds."""

    disabled_plans: list[Guid] = field(default_factory=list)
    sku_id: Annotated[str | None, EdmType("Edm.Guid")] = None


class AssignedPlan(Complex, kw_only=True):
    """A service that somebody may use because of a licence."""

    assigned_date_time: datetime | None = None
    capability_status: str | None = None
    service: str | None = None
    service_plan_id: Annotated[str | None, EdmType("Edm.Guid")] = None


class PasswordProfile(Complex, kw_only=True):
    """The password that creating a user asks for.

    Nobody signs in here with a password, so it is taken for the sake of existing clients and
    dropped unread.
    """

    force_change_password_next_sign_in: bool | None = None
    force_change_password_next_sign_in_with_mfa: bool | None = None
    password: str | None = None


class User(DirectoryObject, kw_only=True):
    """A person: a member of the organisation or a guest."""

    account_enabled: bool | None = None
    age_group: str | None = None
    assigned_licenses: Annotated[list[AssignedLicense], ReadOnly] = field(default_factory=list)
    assigned_plans: Annotated[list[AssignedPlan], ReadOnly] = field(default_factory=list)
    business_phones: list[str] = field(default_factory=list)
    city: str | None = None
    company_name: str | None = None
    consent_provided_for_minor: str | None = None
    country: str | None = None
    created_date_time: Annotated[datetime | None, ReadOnly] = None
    creation_type: Annotated[str | None, ReadOnly] = None
    department: str | None = None
    display_name: str | None = None
    employee_hire_date: datetime | None = None
    employee_id: str | None = None
    employee_leave_date_time: datetime | None = None
    employee_org_data: EmployeeOrgData | None = None
    employee_type: str | None = None
    external_user_state: str | None = None
    fax_number: str | None = None
    given_name: str | None = None
    im_addresses: Annotated[list[str], ReadOnly] = field(default_factory=list)
    job_title: str | None = None
    mail: str | None = None
    mail_nickname: str | None = None
    mobile_phone: str | None = None
    office_location: str | None = None
    on_premises_distinguished_name: Annotated[str | None, ReadOnly] = None
    on_premises_domain_name: Annotated[str | None, ReadOnly] = None
    on_premises_extension_attributes: OnPremisesExtensionAttributes | None = None
    on_premises_immutable_id: str | None = None
    on_premises_sam_account_name: Annotated[str | None, ReadOnly] = None
    on_premises_security_identifier: Annotated[str | None, ReadOnly] = None
    on_premises_sync_enabled: Annotated[bool | None, ReadOnly] = None
    on_premises_user_principal_name: Annotated[str | None, ReadOnly] = None
    other_mails: list[str] = field(default_factory=list)
    password_profile: Annotated[PasswordProfile | None, WriteOnly] = None
    postal_code: str | None = None
    preferred_language: str | None = None
    proxy_addresses: Annotated[list[str], ReadOnly] = field(default_factory=list)
    show_in_address_list: bool | None = None
    sign_in_activity: SignInActivity | None = None
    sign_in_sessions_valid_from_date_time: Annotated[datetime | None, ReadOnly] = None
    state: str | None = None
    street_address: str | None = None
    surname: str | None = None
    usage_location: str | None = None
    user_principal_name: str | None = None
    user_type: str | None = None
    app_role_assignments: Annotated[list[AppRoleAssignment] | UnsetType, Nav(contained=True)] = (
        UNSET
    )
    direct_reports: Annotated[list[DirectoryObject] | UnsetType, Nav()] = UNSET
    manager: Annotated[DirectoryObject | UnsetType | None, Nav()] = UNSET
    member_of: Annotated[list[DirectoryObject] | UnsetType, Nav()] = UNSET
    owned_objects: Annotated[list[DirectoryObject] | UnsetType, Nav()] = UNSET
    sponsors: Annotated[list[DirectoryObject] | UnsetType, Nav()] = UNSET
    transitive_member_of: Annotated[list[DirectoryObject] | UnsetType, Nav()] = UNSET
    transitive_reports: Annotated[list[DirectoryObject] | UnsetType, Nav(), BetaOnly] = UNSET


class Group(DirectoryObject, kw_only=True):
    """A set of people and other directory objects that access is given to."""

    allow_external_senders: bool | None = None
    auto_subscribe_new_members: bool | None = None
    created_date_time: Annotated[datetime | None, ReadOnly] = None
    description: str | None = None
    display_name: str | None = None
    group_types: list[str] = field(default_factory=list)
    hide_from_address_lists: bool | None = None
    hide_from_outlook_clients: bool | None = None
    is_assignable_to_role: bool | None = None
    mail: Annotated[str | None, ReadOnly] = None
    mail_enabled: bool | None = None
    mail_nickname: str | None = None
    membership_rule: str | None = None
    membership_rule_processing_state: str | None = None
    on_premises_sam_account_name: Annotated[str | None, ReadOnly] = None
    on_premises_sync_enabled: Annotated[bool | None, ReadOnly] = None
    preferred_language: str | None = None
    security_enabled: bool | None = None
    visibility: str | None = None
    app_role_assignments: Annotated[list[AppRoleAssignment] | UnsetType, Nav(contained=True)] = (
        UNSET
    )
    member_of: Annotated[list[DirectoryObject] | UnsetType, Nav()] = UNSET
    members: Annotated[list[DirectoryObject] | UnsetType, Nav()] = UNSET
    owners: Annotated[list[DirectoryObject] | UnsetType, Nav()] = UNSET
    transitive_member_of: Annotated[list[DirectoryObject] | UnsetType, Nav()] = UNSET
    transitive_members: Annotated[list[DirectoryObject] | UnsetType, Nav()] = UNSET


class AppRole(Complex, kw_only=True):
    """A role that an application offers to people, groups or other applications."""

    allowed_member_types: list[str]
    description: str | None = None
    display_name: str | None = None
    id: Guid
    is_enabled: bool = True
    origin: Annotated[str | None, ReadOnly] = None
    value: str | None = None


class PasswordCredential(Complex, kw_only=True):
    """A client secret. The secret itself is shown once, by the call that makes it."""

    display_name: str | None = None
    end_date_time: datetime | None = None
    hint: Annotated[str | None, ReadOnly] = None
    key_id: Annotated[str | None, EdmType("Edm.Guid"), ReadOnly] = None
    secret_text: Annotated[str | None, ReadOnly] = None
    start_date_time: datetime | None = None


class Application(DirectoryObject, kw_only=True):
    """The registration of a piece of software."""

    app_id: Annotated[str | None, ReadOnly] = None
    app_roles: list[AppRole] = field(default_factory=list)
    created_date_time: Annotated[datetime | None, ReadOnly] = None
    description: str | None = None
    display_name: str | None = None
    password_credentials: Annotated[list[PasswordCredential], ReadOnly] = field(
        default_factory=list
    )
    owners: Annotated[list[DirectoryObject] | UnsetType, Nav()] = UNSET


class ServicePrincipal(DirectoryObject, kw_only=True):
    """An application as somebody who acts in this directory."""

    account_enabled: bool | None = None
    app_display_name: Annotated[str | None, ReadOnly] = None
    app_id: str | None = None
    app_roles: Annotated[list[AppRole], ReadOnly] = field(default_factory=list)
    created_date_time: Annotated[datetime | None, ReadOnly] = None
    description: str | None = None
    display_name: str | None = None
    saml_metadata_url: Annotated[str | None, ReadOnly, BetaOnly] = None
    service_principal_type: Annotated[str | None, ReadOnly] = None
    app_role_assigned_to: Annotated[list[AppRoleAssignment] | UnsetType, Nav(contained=True)] = (
        UNSET
    )
    app_role_assignments: Annotated[list[AppRoleAssignment] | UnsetType, Nav(contained=True)] = (
        UNSET
    )
    member_of: Annotated[list[DirectoryObject] | UnsetType, Nav()] = UNSET
    owners: Annotated[list[DirectoryObject] | UnsetType, Nav()] = UNSET
    transitive_member_of: Annotated[list[DirectoryObject] | UnsetType, Nav()] = UNSET


class AppRoleAssignment(DirectoryObject, kw_only=True):
    """Somebody (``principal``) holds a role of an application (``resource``)."""

    app_role_id: Guid = "00000000-0000-0000-0000-000000000000"
    created_date_time: Annotated[datetime | None, ReadOnly] = None
    principal_display_name: Annotated[str | None, ReadOnly] = None
    principal_id: Annotated[str | None, EdmType("Edm.Guid")] = None
    principal_type: Annotated[str | None, ReadOnly] = None
    resource_display_name: Annotated[str | None, ReadOnly] = None
    resource_id: Annotated[str | None, EdmType("Edm.Guid")] = None


class VerifiedDomain(Complex, kw_only=True):
    """A domain of the organisation, as the organisation lists it."""

    capabilities: str | None = None
    is_default: bool | None = None
    is_initial: bool | None = None
    name: str | None = None
    type: str | None = None


class Organization(DirectoryObject, kw_only=True):
    """The tenant; there is exactly one."""

    display_name: str | None = None
    tenant_type: str | None = None
    verified_domains: list[VerifiedDomain] = field(default_factory=list)


class Domain(Entity, kw_only=True):
    """A domain name under which people of the organisation are known; the name is its id."""

    authentication_type: str = "Managed"
    is_admin_managed: bool = True
    is_default: bool = False
    is_initial: bool = False
    is_root: bool = True
    is_verified: bool = True
    supported_services: list[str] = field(default_factory=list)
