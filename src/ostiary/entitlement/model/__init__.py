"""The wire types of entitlement management: the model is v1.0's, ``beta_*`` has beta's forms.

The forms are declared as soon as any module of the package is imported.
"""

from __future__ import annotations

from ostiary.entitlement.model import beta_policies, beta_questions

__all__ = ["beta_policies", "beta_questions"]
