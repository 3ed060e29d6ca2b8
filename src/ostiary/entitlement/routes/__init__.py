"""``/identityGovernance/entitlementManagement`` and ``/roleManagement/entitlementManagement``."""

from __future__ import annotations

from ostiary.entitlement.routes import unserved
from ostiary.entitlement.routes.approvals import approvals
from ostiary.entitlement.routes.assignments import assignments
from ostiary.entitlement.routes.available import available_packages, suggestions
from ostiary.entitlement.routes.catalogs import catalogs
from ostiary.entitlement.routes.finding import Gates
from ostiary.entitlement.routes.organizations import organizations
from ostiary.entitlement.routes.packages import packages
from ostiary.entitlement.routes.policies import policies
from ostiary.entitlement.routes.requests import requests
from ostiary.entitlement.routes.resources import read_only, resource_requests
from ostiary.entitlement.routes.roles import role_assignments, role_definitions
from ostiary.entitlement.routes.settings import control_set, settings
from ostiary.entitlement.routes.subjects import subjects
from ostiary.entitlement.service import Entitlement
from ostiary.graph.resources import Singleton

__all__ = ["resources", "role_resources"]


def resources(services: Entitlement) -> Singleton:
    """Declare ``entitlementManagement`` as it stands below ``identityGovernance``."""
    gates = Gates(services.database)
    return Singleton(
        name="entitlementManagement",
        container="microsoft.graph.entitlementManagement",
        unserved=unserved.MANAGEMENT,
        children=(
            approvals(services),
            available_packages(services),
            suggestions(services),
            packages(services, gates),
            policies(services, gates),
            requests(services, gates),
            assignments(services, gates),
            catalogs(services, gates),
            organizations(services, gates),
            resource_requests(services, gates),
            *read_only(gates),
            subjects(services, gates),
            settings(services, gates),
            control_set(services),
        ),
    )


def role_resources(services: Entitlement) -> Singleton:
    """Declare ``entitlementManagement`` as it stands below ``roleManagement``."""
    gates = Gates(services.database)
    return Singleton(
        name="entitlementManagement",
        container="microsoft.graph.rbacApplication",
        children=(role_assignments(services, gates), role_definitions(gates)),
    )
