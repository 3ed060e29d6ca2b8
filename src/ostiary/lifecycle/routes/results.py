"""Runs, people, task results and task reports, on every path below a workflow, and ``resume``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement

from ostiary.graph.errors import DomainError, Forbidden
from ostiary.graph.resources import Call, Endpoint, EntitySet, Operation, References
from ostiary.graph.types import Complex
from ostiary.identity import matrix
from ostiary.identity.permissions import requires
from ostiary.identity.principals import Principal, principal
from ostiary.lifecycle.conditions import check_known
from ostiary.lifecycle.model.extensions import Resume
from ostiary.lifecycle.model.reports import Window
from ostiary.lifecycle.service import Address, Lifecycle, Resuming, Runs
from ostiary.lifecycle.service.previewing import Trial
from ostiary.lifecycle.service.reporting import Summary
from ostiary.lifecycle.sources.results import (
    PEOPLE,
    REPORTS,
    RUNS,
    SUBJECTS,
    TASK_RESULTS,
    reports,
)
from ostiary.lifecycle.sources.results import subjects as subjects_table
from ostiary.lifecycle.tables import (
    runs as runs_table,
)
from ostiary.lifecycle.tables import task_processing_results, user_processing_results

NAMESPACE = "microsoft.graph.identityGovernance"

_TRUST = "a place among the authorizedApps of the extension"

_READ = requires(matrix.LW_REPORTS_READ)


@dataclass(frozen=True, slots=True)
class Below:
    """Where results are served: below a live workflow, or below a deleted one."""

    lifecycle: Lifecycle
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class _Handlers:
    resuming: Resuming

    async def may_resume(self, call: Call) -> None:
        """Let pass who has the permission, and applications that the extension trusts."""
        try:
            await requires(matrix.LW_RESUME, role=self._trusts, role_is=_TRUST)(call)
        except Forbidden as error:
            caller = principal(call).actor()
            await self.resuming.refuse(_address(call), error, now=call.now, caller=caller)
            raise

    async def _trusts(self, call: Call, caller: Principal) -> bool:
        return await self.resuming.trusts(_address(call), caller)

    async def resume(self, call: Call) -> None:
        """POST …/taskProcessingResults/{id}/resume"""
        caller = principal(call).actor()
        try:
            body = call.parameters(Resume)
            check_known(body.data.operation_status, "data/operationStatus")
        except DomainError as error:
            await self.resuming.refuse(_address(call), error, now=call.now, caller=caller)
            raise
        await self.resuming.resume(_address(call), body, now=call.now, caller=caller)


@dataclass(frozen=True, slots=True)
class _RunHandlers:
    runs: Runs

    async def unlink(self, call: Call) -> None:
        """DELETE …/runs/{id}/reprocessedRuns/{id}/$ref"""
        await self.runs.unlink(
            call.key("workflows").lower(),
            call.key("runs").lower(),
            call.key("reprocessedRuns").lower(),
            now=call.now,
            actor=principal(call).actor(),
        )


def summary(below: Below, of: Summary) -> Operation:
    """Declare ``summary`` of runs, people or reports of a workflow, or of people of a run."""
    return Operation(
        name="summary",
        kind="function",
        bound="collection",
        namespace=NAMESPACE,
        needs=_READ,
        handle=_SummaryHandlers(below, of).summary,
        parameters=Window,
        returns=of.returns,
    )


@dataclass(frozen=True, slots=True)
class _SummaryHandlers:
    below: Below
    of: Summary

    async def summary(self, call: Call) -> Complex:
        """GET …/summary(startDateTime=…,endDateTime=…)"""
        return await self.below.lifecycle.reporting.summary(
            self.of,
            call.key("workflows").lower(),
            run_id=_key(call, "runs"),
            is_deleted=self.below.is_deleted,
            window=call.parameters(Window),
        )


def runs(below: Below) -> EntitySet:
    """Declare ``runs`` below a workflow; see ``task_results``."""
    people = _people(below, within=user_processing_results.c.run_id)
    others = _subjects(below, within=subjects_table.c.run_id)
    results = task_results(below, within=task_processing_results.c.run_id)
    return EntitySet(
        name="runs",
        source=RUNS,
        within=runs_table.c.workflow_id,
        read=_READ,
        operations=(summary(below, Summary.RUNS),),
        children=(people, others, results, _reprocessed(below)),
    )


def _reprocessed(below: Below) -> EntitySet:
    remove = None
    if not below.is_deleted:
        handlers = _RunHandlers(below.lifecycle.runs)
        remove = Endpoint(requires(matrix.LW_WRITE), handlers.unlink)
    return EntitySet(
        name="reprocessedRuns",
        source=RUNS,
        link="reprocessed_runs",
        read=_READ,
        references=References(remove=remove),
    )


def people(below: Below) -> EntitySet:
    """Declare ``userProcessingResults`` of all runs of a workflow."""
    return _people(below, within=user_processing_results.c.workflow_id)


def subjects(below: Below) -> EntitySet:
    """Declare ``subjectProcessingResults`` of all runs of a workflow."""
    return _subjects(below, within=subjects_table.c.workflow_id)


def _subjects(below: Below, *, within: ColumnElement[Any]) -> EntitySet:
    results = task_results(below, within=task_processing_results.c.user_processing_result_id)
    return EntitySet(
        name="subjectProcessingResults",
        source=SUBJECTS,
        within=within,
        read=_READ,
        operations=(summary(below, Summary.SUBJECTS),),
        children=(results,),
    )


def task_reports(below: Below) -> EntitySet:
    """Declare ``taskReports`` below a workflow."""
    results = task_results(below, within=task_processing_results.c.task_report_id)
    return EntitySet(
        name="taskReports",
        source=REPORTS,
        within=reports.c.workflow_id,
        read=_READ,
        operations=(summary(below, Summary.REPORTS),),
        children=(results,),
    )


def task_results(below: Below, *, within: ColumnElement[Any]) -> EntitySet:
    """Declare ``taskProcessingResults`` below whatever ``within`` names.

    Of a deleted workflow they can only be read.
    """
    return EntitySet(
        name="taskProcessingResults",
        source=TASK_RESULTS,
        within=within,
        read=_READ,
        operations=(
            _conversation(below.lifecycle),
            *(() if below.is_deleted else (_resume(below.lifecycle.resuming),)),
        ),
    )


def _conversation(lifecycle: Lifecycle) -> Operation:
    async def conversation(call: Call) -> Trial:
        """GET …/taskProcessingResults/{id}/conversation(), which is ours"""
        result_id = call.key("taskProcessingResults").lower()
        return await lifecycle.previewing.trial(
            result_id, workflow_id=call.key("workflows").lower(), base_url=call.base_url
        )

    return Operation(
        name="conversation",
        kind="function",
        namespace="ostiary",
        needs=requires(matrix.LW_REPORTS_READ),
        handle=conversation,
        returns=Trial,
        in_schema=False,
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


def _people(below: Below, *, within: ColumnElement[Any]) -> EntitySet:
    results = task_results(below, within=task_processing_results.c.user_processing_result_id)
    return EntitySet(
        name="userProcessingResults",
        source=PEOPLE,
        within=within,
        read=_READ,
        operations=(summary(below, Summary.PEOPLE),),
        children=(results,),
    )


def _address(call: Call) -> Address:
    return Address(
        result_id=call.key("taskProcessingResults"),
        workflow_id=call.key("workflows"),
        task_id=_key(call, "tasks"),
        run_id=_key(call, "runs"),
        person_id=_key(call, "userProcessingResults") or _key(call, "subjectProcessingResults"),
        report_id=_key(call, "taskReports"),
        version=_key(call, "versions"),
    )


def _key(call: Call, name: str) -> str | None:
    try:
        return call.key(name)
    except KeyError:
        return None
