"""The language of rules that say which people are meant: ``department eq 'Sales'``.

``parse`` reads a rule in either syntax, that of workflow scopes (``filters``) or that of dynamic
membership (``memberships``), into one tree (``tree``). ``Rule.where`` turns that into SQL
(``conditions``), ``Rule.holds`` judges one person (``judging``), and both agree. What can be asked
for is the catalogue in ``attributes``.
"""

from __future__ import annotations

from ostiary.directory.rules.attributes import Attribute, Syntax
from ostiary.directory.rules.errors import RuleError
from ostiary.directory.rules.rules import Rule, matching, next_turn, parse

__all__ = ["Attribute", "Rule", "RuleError", "Syntax", "matching", "next_turn", "parse"]
