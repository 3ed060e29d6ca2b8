"""Lifecycle workflows as their callers tell them: make, run, resume."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.extensions.endpoints import Call
from tests.scenarios import bodies
from tests.scenarios.api import Api, Json
from tests.scenarios.names import V1, Names


@dataclass(frozen=True, slots=True)
class Workflows:
    """A caller of lifecycle workflows, below one of the two roots."""

    api: Api
    names: Names = V1

    async def make_task_extension(
        self,
        url: str,
        *,
        wait: str | None = "PT30M",
        apps: Iterable[str] = (),
        retries: int = 0,
    ) -> str:
        """Create a custom task extension; give its id."""
        body = bodies.task_extension(url, wait=wait, apps=apps, retries=retries)
        return await self._made("customTaskExtensions", body)

    async def make_workflow(self, name: str, *tasks: Json) -> str:
        """Create a workflow that runs on demand; give its id."""
        return await self._made("workflows", bodies.workflow(name, tasks))

    async def activate(self, workflow: str, *people: str) -> None:
        """Run a workflow for people."""
        body = {"subjects": [{"id": person} for person in people]}
        path = f"{self.names.workflows}/workflows/{workflow}/activate"
        await self.api.post(path, body, status=204)

    async def resume(self, call: Call, body: Json = bodies.COMPLETED, *, status: int = 204) -> Any:
        """Answer a callout about a task."""
        return await self.api.post(self.resume_path(call), body, status=status)

    async def results_of(self, workflow: str) -> dict[str, str]:
        """Give how each task of a workflow that ran for one person stands, by its name."""
        found = await self._results(workflow)
        return {one["task"]["displayName"]: one["processingStatus"] for one in found}

    async def failures_of(self, workflow: str) -> dict[str, str]:
        """Give the reasons of the tasks that failed, by their names."""
        found = await self._results(workflow)
        failed = [one for one in found if one["processingStatus"] == "failed"]
        return {one["task"]["displayName"]: one["failureReason"] for one in failed}

    async def run_of(self, workflow: str) -> Json:
        """Give the one run of a workflow."""
        (run,) = await self.api.values(f"{self.names.workflows}/workflows/{workflow}/runs")
        return dict(run)

    async def whole(self, call: Call) -> Json:
        """Give the result of a task, which a callout is about, with all that belongs to it."""
        path = self.result_path(call)
        return dict(await self.api.get(f"{path}?$expand=subject,task"))

    def result_path(self, call: Call) -> str:
        """Give the path of the task's result that a callout is about."""
        told: str = call.json()["data"]["callbackUriPath"]
        return f"{self.names.root}{told.removesuffix('/resume')}"

    def resume_path(self, call: Call) -> str:
        """Give the path at which the task is resumed that a callout is about."""
        return f"{self.result_path(call)}/resume"

    async def _results(self, workflow: str) -> list[Json]:
        run = await self.run_of(workflow)
        path = f"{self.names.workflows}/workflows/{workflow}/runs/{run['id']}"
        found: list[Json] = await self.api.values(f"{path}/taskProcessingResults?$expand=task")
        return found

    async def _made(self, path: str, body: Json) -> str:
        made = await self.api.post(f"{self.names.workflows}/{path}", body)
        return str(made["id"])
