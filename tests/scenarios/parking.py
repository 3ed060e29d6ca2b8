"""Something that waits for an answer, and is followed by the next of its kind once it was given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from ostiary.directory.seed import person_id
from tests.extensions.endpoints import Call
from tests.scenarios import bodies
from tests.scenarios.bodies import CREATED
from tests.scenarios.house import House


class Parking(Protocol):
    """What waits."""

    @property
    def house(self) -> House:
        """Where it waits."""

    @property
    def path(self) -> str:
        """Where it is resumed."""

    @property
    def call(self) -> Call:
        """The call that it waits for the answer to."""

    async def park(self) -> None:
        """Let the next one wait."""


@dataclass
class ParkedRequest:
    """A request that waits at the created stage."""

    house: House
    path: str = ""

    @property
    def call(self) -> Call:
        """The call that it waits for the answer to."""
        return self.house.calls[-1]

    async def park(self) -> None:
        """Let a request for a new package wait."""
        request, _ = await self.house.park(await self.house.make_offer(CREATED))
        self.path = self.house.access().resume_path(request)


@dataclass
class ParkedTask:
    """A task that waits."""

    house: House
    path: str = ""
    _workflow: str = field(default="", init=False)

    @property
    def call(self) -> Call:
        """The call that it waits for the answer to."""
        return self.house.calls[-1]

    async def park(self) -> None:
        """Run a workflow of one task for somebody; it is made once."""
        flows = self.house.workflows()
        if not self._workflow:
            extension = await flows.make_task_extension(self.house.endpoint.url)
            task = bodies.custom_task(extension)
            self._workflow = await flows.make_workflow(self.house.name("onboard"), task)
        await flows.activate(self._workflow, person_id("megan"))
        await self.house.settle()
        self.path = flows.resume_path(self.call)
