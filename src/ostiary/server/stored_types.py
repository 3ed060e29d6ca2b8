"""The types of both governors that may stand in stored extensions.

A stored value is read as the type that it names, which has to be imported for that. A server has
imported them all; a command that reads extensions imports this.
"""

from ostiary.entitlement.model import extensions as entitlement
from ostiary.lifecycle.model import extensions as lifecycle

__all__ = ["entitlement", "lifecycle"]
