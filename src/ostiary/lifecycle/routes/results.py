"""Runs, people, task results and task reports, on every path below a workflow, and ``resume``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement

from ostiary.graph.errors import Forbidden
from ostiary.graph.resources import Call, EntitySet, Operation
from ostiary.identity import matrix
from ostiary.identity.permissions import requires
from ostiary.identity.principals import Principal, principal
from ostiary.lifecycle.conditions import check_known
from ostiary.lifecycle.model.extensions import Resume
from ostiary.lifecycle.routes import unserved
from ostiary.lifecycle.service import Address, Resuming
from ostiary.lifecycle.sources.results import PEOPLE, REPORTS, RUNS, TASK_RESULTS, reports
from ostiary.lifecycle.tables import (
    runs as runs_table,
)
from ostiary.lifecycle.tables import task_processing_results, user_processing_results

NAMESPACE = "microsoft.graph.identityGovernance"

_READ = requires(matrix.LW_REPORTS_READ)


@dataclass(frozen=True, slots=True)
class _Handlers:
    resuming: Resuming

    async def may_resume(self, call: Call) -> None:
        """Let pass who has the permission, and applications that the extension trusts."""
        try:
            await requires(matrix.LW_RESUME, role=self._trusts)(call)
        except Forbidden as error:
            caller = principal(call).actor()
            await self.resuming.refuse(_address(call), error, now=call.now, caller=caller)
            raise

    async def _trusts(self, call: Call, caller: Principal) -> bool:
        return await self.resuming.trusts(_address(call), caller)

    async def resume(self, call: Call) -> None:
        """POST …/taskProcessingResults/{id}/resume"""
        body = call.parameters(Resume)
        check_known(body.data.operation_status, "data/operationStatus")
        caller = principal(call).actor()
        await self.resuming.resume(_address(call), body, now=call.now, caller=caller)


def runs(resuming: Resuming | None) -> EntitySet:
    """Declare ``runs`` below a workflow."""
    people = _people(resuming, within=user_processing_results.c.run_id)
    results = task_results(resuming, within=task_processing_results.c.run_id)
    return EntitySet(
        name="runs",
        unserved=unserved.RESULTS,
        source=RUNS,
        within=runs_table.c.workflow_id,
        read=_READ,
        children=(people, results),
    )


def people(resuming: Resuming | None) -> EntitySet:
    """Declare ``userProcessingResults`` of all runs of a workflow."""
    return _people(resuming, within=user_processing_results.c.workflow_id)


def task_reports(resuming: Resuming | None) -> EntitySet:
    """Declare ``taskReports`` below a workflow."""
    results = task_results(resuming, within=task_processing_results.c.task_report_id)
    return EntitySet(
        name="taskReports",
        unserved=unserved.RESULTS,
        source=REPORTS,
        within=reports.c.workflow_id,
        read=_READ,
        children=(results,),
    )


def task_results(resuming: Resuming | None, *, within: ColumnElement[Any]) -> EntitySet:
    """Declare ``taskProcessingResults`` below whatever ``within`` names.

    Without ``resuming`` they can only be read: the workflow was deleted.
    """
    return EntitySet(
        name="taskProcessingResults",
        source=TASK_RESULTS,
        within=within,
        read=_READ,
        operations=() if resuming is None else (_resume(resuming),),
    )


def _resume(resuming: Resuming) -> Operation:
    handlers = _Handlers(resuming)
    return Operation(
        name="resume",
        kind="action",
        namespace=NAMESPACE,
        needs=handlers.may_resume,
        handle=handlers.resume,
        parameters=Resume,
    )


def _people(resuming: Resuming | None, *, within: ColumnElement[Any]) -> EntitySet:
    results = task_results(resuming, within=task_processing_results.c.user_processing_result_id)
    return EntitySet(
        name="userProcessingResults",
        unserved=unserved.RESULTS,
        source=PEOPLE,
        within=within,
        read=_READ,
        children=(results,),
    )


def _address(call: Call) -> Address:
    return Address(
        result_id=call.key("taskProcessingResults"),
        workflow_id=call.key("workflows"),
        task_id=_key(call, "tasks"),
        run_id=_key(call, "runs"),
        person_id=_key(call, "userProcessingResults"),
        report_id=_key(call, "taskReports"),
        version=_key(call, "versions"),
    )


def _key(call: Call, name: str) -> str | None:
    try:
        return call.key(name)
    except KeyError:
        return None
