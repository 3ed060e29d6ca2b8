"""The page about rules names every attribute, and its examples are rules."""

from __future__ import annotations

from typing import Final

from ostiary.directory.rules import Syntax, parse
from ostiary.directory.rules.attributes import ATTRIBUTES
from tests.docs.pages import REFERENCE, examples, named, rows

PAGE: Final = REFERENCE / "rules.md"


def test_every_attribute_is_on_the_page() -> None:
    told = named(PAGE)
    for attribute in ATTRIBUTES:
        names = {attribute.path} if Syntax.FILTER in attribute.syntaxes else set()
        names.add(f"user.{attribute.name_in(Syntax.MEMBERSHIP)}")
        numbered = "extensionAttribute" in attribute.path
        assert numbered or names <= told, attribute.path


def test_the_page_says_which_texts_can_be_asked_how_they_begin() -> None:
    said = {row[0].strip("`"): row[3] for row in rows(PAGE) if len(row) == 4}
    for attribute in ATTRIBUTES:
        if attribute.path in said and attribute.column != "account_enabled":
            asked = said[attribute.path]
            assert asked in ("", "yes" if attribute.starts else "no"), attribute.path


def test_the_examples_are_rules() -> None:
    filters, memberships, _ = (one for one in examples(PAGE) if one.language == "text")
    assert {parse(line).syntax for line in filters.text.splitlines()} == {Syntax.FILTER}
    assert {parse(line).syntax for line in memberships.text.splitlines()} == {Syntax.MEMBERSHIP}
