"""What the server refuses as not supported is on the page that the refusal names."""

from __future__ import annotations

from ostiary.entitlement.routes import unserved as entitlement
from ostiary.entitlement.service.errands import Errands
from ostiary.graph.routing import COMPATIBILITY
from ostiary.lifecycle.catalogue import DEFINITIONS
from ostiary.lifecycle.routes import unserved as lifecycle
from ostiary.lifecycle.tasks.registry import built_in
from ostiary.server.governors import WORKFLOWS
from tests.docs.pages import DOCS, ROOT, named

PAGE = DOCS / "compatibility.md"


def test_every_published_name_that_is_not_served_is_on_the_page() -> None:
    lists = [value for module in (entitlement, lifecycle) for value in vars(module).values()]
    names = {name for value in lists if isinstance(value, tuple) for name in value}

    assert names <= named(PAGE)


def test_the_refusal_names_the_page() -> None:
    assert str(PAGE.relative_to(ROOT)) in COMPATIBILITY


def test_the_tasks_that_are_carried_out_are_those_that_are_named() -> None:
    done = {task.definition_id for task in built_in(access=Errands(WORKFLOWS))}
    everything = {definition.display_name: definition.id in done for definition in DEFINITIONS}

    assert {name for name in named(PAGE) if name in everything} == {
        name for name, is_done in everything.items() if is_done
    }
