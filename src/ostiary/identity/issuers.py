"""Which token issuers are trusted, and for what.

An operator writes ``IssuerSettings``; ``trusted`` turns each into one ``TrustedIssuer`` per exact
issuer string, so that a token's ``iss`` is looked up and never matched against a pattern. What
would be unsafe stops the start: see ``check``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from ostiary.identity.catalogue import GRAPH_URL, REAL_GRAPH_AUDIENCES
from ostiary.settings import is_loopback

TENANT_PLACEHOLDER = "{tenantid}"
ALGORITHMS = frozenset({"RS256", "PS256", "ES256"})
MORE_ALGORITHMS = frozenset({"RS384", "RS512", "PS384", "PS512", "ES384", "ES512"})
"""May be allowed by configuration; no other algorithm may, least of all none and HMAC."""


class Shape(StrEnum):
    """How an issuer's tokens are to be read."""

    MICROSOFT = "microsoft"
    """Microsoft's v1.0 and v2.0 access tokens."""

    OIDC = "oidc"
    """Any OpenID Connect server, by claim mapping."""


class Grant(StrEnum):
    """What an issuer's word counts for."""

    SCOPES = "scopes"
    APP_ROLES = "app_roles"
    DIRECTORY_ROLES = "directory_roles"


class ConfigurationError(ValueError):
    """The configuration of the issuers is unsafe or contradicts itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimMap:
    r"""Where the claims of a generic issuer are: dotted paths, a literal dot written ``\.``."""

    object_id: str = "sub"
    app_id: str = "azp"
    scopes: str = "scope"
    app_roles: str = "roles"
    directory_roles: str = ""
    """Groups or roles that ``role_templates`` turns into directory roles; empty: none."""
    tenant: str = ""
    """A claim that must name the tenant; empty: the issuer has one tenant only."""
    name: str = "name"
    user_name: str = "preferred_username"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerSettings:
    """One issuer as an operator writes it down."""

    name: str
    issuer: str
    """The exact issuer string, or Microsoft's with ``{tenantid}`` in it."""
    audiences: tuple[str, ...]
    tenant: str = ""
    """The tenant of tokens that name none."""
    allowed_tenants: tuple[str, ...] = ()
    """The tenants that may take the place of ``{tenantid}``."""
    also_v1: bool = False
    """Trust Microsoft's v1.0 tokens of the same tenants as well."""
    authoritative_for: tuple[Grant, ...] = (Grant.SCOPES, Grant.APP_ROLES)
    algorithms: tuple[str, ...] = tuple(sorted(ALGORITHMS))
    claims: ClaimMap = field(default_factory=ClaimMap)
    scope_prefix_strip: tuple[str, ...] = ()
    role_templates: Mapping[str, str] = field(default_factory=dict)
    """Directory role template ids by group or role of the issuer."""
    subjects: Mapping[str, str] = field(default_factory=dict)
    """Object ids by ``sub``, for issuers that do not know them."""
    metadata_url: str = ""
    """Where the discovery document is, when not below the issuer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedIssuer:
    """One issuer string that is believed, with the rules for its tokens."""

    name: str
    issuer: str
    tenant: str
    audiences: frozenset[str]
    shape: Shape = Shape.OIDC
    algorithms: frozenset[str] = ALGORITHMS
    authoritative_for: frozenset[Grant] = frozenset({Grant.SCOPES, Grant.APP_ROLES})
    claims: ClaimMap = field(default_factory=ClaimMap)
    scope_prefixes: tuple[str, ...] = (f"{GRAPH_URL}/",)
    role_templates: Mapping[str, str] = field(default_factory=dict)
    subjects: Mapping[str, str] = field(default_factory=dict)
    metadata_url: str = ""
    controlled: bool = False
    """The operator's own: may issue for the audience of the real Graph."""

    @property
    def discovery_url(self) -> str:
        """Where its discovery document is."""
        return self.metadata_url or f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"


def trusted(settings: IssuerSettings) -> tuple[TrustedIssuer, ...]:
    """Give one trusted issuer per tenant and token version.

    :raises ConfigurationError: a template without tenants, or tenants without a template.
    """
    if TENANT_PLACEHOLDER not in settings.issuer:
        if not settings.tenant or settings.also_v1 or settings.allowed_tenants:
            raise ConfigurationError(
                f"Issuer {settings.name}: a fixed issuer has one 'tenant', and neither "
                f"'allowed_tenants' nor 'also_v1', which go with {TENANT_PLACEHOLDER}."
            )
        return (_one(settings, settings.issuer, settings.tenant, settings.metadata_url),)
    if not settings.allowed_tenants:
        raise ConfigurationError(
            f"Issuer {settings.name}: {TENANT_PLACEHOLDER} needs a list of 'allowed_tenants'."
        )
    return tuple(_of_tenants(settings))


def check(issuers: Sequence[TrustedIssuer], *, development: bool = False) -> None:
    """Refuse what would be unsafe.

    :raises ConfigurationError: an issuer without https (http on loopback is for development), a
        repeated issuer, no audience, a forbidden algorithm, or the audience of the real Graph for
        an issuer outside the operator's control: a token that was issued for the real Graph must
        never open this server.
    """
    names = [issuer.issuer for issuer in issuers]
    for issuer in issuers:
        problem = _problem(issuer, development=development)
        if names.count(issuer.issuer) > 1:
            problem = f"the issuer {issuer.issuer} is configured twice"
        if problem:
            raise ConfigurationError(f"Issuer {issuer.name}: {problem}.")


def _of_tenants(settings: IssuerSettings) -> Iterable[TrustedIssuer]:
    for tenant in settings.allowed_tenants:
        v2 = settings.issuer.replace(TENANT_PLACEHOLDER, tenant)
        yield _one(settings, v2, tenant, settings.metadata_url.replace(TENANT_PLACEHOLDER, tenant))
        if settings.also_v1:
            # A v1 token is validated with v1 metadata, which the v2 authority serves.
            authority = f"{urlsplit(v2).scheme}://{urlsplit(v2).netloc}"
            v1 = f"{authority}/{tenant}/.well-known/openid-configuration"
            yield _one(settings, f"https://sts.windows.net/{tenant}/", tenant, v1)


def _one(settings: IssuerSettings, issuer: str, tenant: str, metadata_url: str) -> TrustedIssuer:
    is_template = TENANT_PLACEHOLDER in settings.issuer
    return TrustedIssuer(
        name=settings.name,
        issuer=issuer,
        tenant=tenant,
        audiences=frozenset(settings.audiences),
        shape=Shape.MICROSOFT if is_template else Shape.OIDC,
        algorithms=frozenset(settings.algorithms),
        authoritative_for=frozenset(settings.authoritative_for),
        claims=settings.claims,
        scope_prefixes=(f"{GRAPH_URL}/", *settings.scope_prefix_strip),
        role_templates=settings.role_templates,
        subjects=settings.subjects,
        metadata_url=metadata_url,
    )


def _problem(issuer: TrustedIssuer, *, development: bool) -> str | None:
    if not issuer.audiences:
        return "the list of audiences is empty"
    if not issuer.controlled and issuer.audiences & REAL_GRAPH_AUDIENCES:
        return (
            "an audience of the real Graph is only for the embedded issuer: tokens for the real "
            "Graph would be accepted here. Use an audience of your own, such as api://governance"
        )
    if forbidden := issuer.algorithms - ALGORITHMS - MORE_ALGORITHMS:
        return f"the algorithm {min(forbidden)} is never accepted"
    if not issuer.controlled and not is_safe_url(issuer.discovery_url, development=development):
        return "an issuer is reached by https (http is for loopback in development)"
    return None


def is_safe_url(url: str, *, development: bool) -> bool:
    """Say whether keys may be fetched from ``url``: https, or http on loopback in development."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return bool(parts.hostname)
    return parts.scheme == "http" and development and is_loopback(parts.hostname or "")
