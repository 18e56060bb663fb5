"""Resources of jobs: long work that goes on after the request that has begun it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from trio_chat.i18n import _
from trio_chat.server.api.calls import Call, Page, PageQuery
from trio_chat.server.api.problems import ApiProblem, not_found
from trio_chat.server.api.refusals import as_problems
from trio_chat.server.api.resources import Resource
from trio_chat.server.api.schemas import Rule, moment
from trio_chat.server.jobs import Job, Work


@dataclass(frozen=True, slots=True)
class JobView:
    """A job. Ask for it until its state is no longer `running`."""

    id: str
    kind: str
    state: Literal["running", "done", "failed", "cancelled"]
    progress: Annotated[float | None, Rule("from 0 to 1; null while it is not known")]
    started_by: str
    started: datetime | None
    ended: datetime | None
    outcome: Annotated[dict[str, Any], Rule("what was found or made")]
    problem: Annotated[str, Rule("why it has failed")]


def show(job: Job) -> JobView:
    """Return a job as the answer has it."""
    progress = min(1.0, job.done / job.total) if job.total else None
    return JobView(
        job.id,
        job.kind,
        job.state,  # type: ignore[arg-type]  # one of the words
        1.0 if job.state == "done" else progress,
        job.actor,
        moment(job.started),
        moment(job.ended),
        job.outcome,
        job.problem,
    )


async def begin(call: Call, kind: str, audited: str, work: Work) -> JobView:
    """Begin a job, and answer with it at once.

    Args:
        call: the request.
        kind: see `Job`.
        audited: what the audit log says.
        work: what is done.

    Raises:
        ApiProblem: 404, 409 or 503: it was not begun.
    """
    with as_problems():
        call.site.jobs().database()
        call.site.jobs().check_room(kind)
    await call.commit(list, audited)
    with as_problems():
        return show(call.site.jobs().start(kind, call.caller.actor, work))


def _list(call: Call) -> Page:
    return call.page(call.site.jobs().all.values(), lambda job: job.id, show)


def _found(call: Call) -> Job:
    job = call.site.jobs().all.get(call.params["job"])
    if job is None:
        raise not_found(_("there is no such job, or its outcome is no longer kept"))
    return job


def _get(call: Call) -> JobView:
    return show(_found(call))


async def _cancel(call: Call) -> None:
    job = _found(call)
    if job.state != "running":
        raise ApiProblem(409, _("the job has ended already"))
    await call.commit(list, f"JOB CANCEL {job.kind} {job.id}")
    job.scope.cancel()


RESOURCES = (
    Resource(
        method="GET",
        path="/jobs",
        scope="jobs:read",
        summary="List the jobs that are running, and the latest that have ended",
        handler=_list,
        query=PageQuery,
        answer=JobView,
        is_list=True,
    ),
    Resource(
        method="GET",
        path="/jobs/{job}",
        scope="jobs:read",
        summary="Get a job",
        handler=_get,
        answer=JobView,
    ),
    Resource(
        method="DELETE",
        path="/jobs/{job}",
        scope="jobs:write",
        summary="Cancel a job that is running",
        handler=_cancel,
    ),
)
