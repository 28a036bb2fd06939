"""What all interfaces share: the one way from questions to answers, which are counted and recorded."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from painresponse.scoring.refusals import STALE
from painresponse_serve.access import who
from painresponse_serve.answering import Put, Told, check_units, put, tell
from painresponse_serve.answers import Answer
from painresponse_serve.audit import AuditLog, Entry, NoAudit, open_audit, tally
from painresponse_serve.complaints import RequestError
from painresponse_serve.drift import Rows
from painresponse_serve.intake import Desk
from painresponse_serve.logs import note
from painresponse_serve.metrics import Metrics
from painresponse_serve.questions import Question
from painresponse_serve.settings import Settings
from painresponse_serve.shelf import Served, Shelf
from painresponse_serve.together import Together


@dataclass(frozen=True)
class Service:
    """The bundles in service, the desk that receives bodies, the audit log and the counters.

    While there is a file ``alarm``, nothing is scored. ``zone``: the clinic's, for stamps in universal time.
    """

    shelf: Shelf
    desk: Desk
    audit: AuditLog | NoAudit
    metrics: Metrics
    alarm: Path | None = None
    together: Together = field(default_factory=Together)
    zone: str = ""

    async def answers(self, request: Request, body: bytes, questions: Sequence[Question]) -> list[Answer]:
        """The answer to each question of a request; ``body``: what was sent, for its hash in the audit log.

        Raises RequestError for a strange model or target, and where the audit log cannot be written.
        """
        check_units(questions)
        if len(questions) == 1:
            told = [await self.together.told(self._put(questions[0]))]
        else:
            told = await run_in_threadpool(self._told, questions)
        answers = [one.answer for one in told]
        note(
            request,
            targets=sum(len(one.scores) for one in answers),
            refused=sum(one.refused for one in answers),
        )
        await self.audit.recorded(_entry(request, body, answers))
        self.metrics.answered(told)
        return answers

    async def inferred(self, request: Request, body: bytes, served: Served, rows: Rows) -> None:
        """Ready-made rows are about to be answered. Raises RequestError where that cannot be recorded."""
        note(request, rows=len(rows))
        models, outcomes = {served.name: served.bundle.digest}, {"infer": {"ok": len(rows)}}
        await self.audit.recorded(Entry(who(request), route_of(request), models, body, len(rows), outcomes))
        self.metrics.inferred(served, rows)

    def check_alarm(self) -> None:
        """Raises RequestError while there is the alarm, for what is asked without a history."""
        if self.alarm is not None and self.alarm.exists():
            code, words = STALE
            raise RequestError(422, code, f"{code}: {words}")

    def _told(self, questions: Sequence[Question]) -> list[Told]:
        return tell([self._put(one) for one in questions])

    def _put(self, question: Question) -> Put:
        return put(self.shelf.pick(question.choice.model), question, alarm=self.alarm)


def open_service(shelf: Shelf, settings: Settings) -> Service:
    """The service as the settings want it. Raises WorkError where the audit log cannot be written."""
    alarm = Path(settings.safety.drift_alarm) if settings.safety.drift_alarm else None
    desk, audit = Desk(settings.limits), open_audit(settings.audit)
    return Service(shelf, desk, audit, Metrics(shelf, desk), alarm, zone=settings.zone)


def _entry(request: Request, body: bytes, answers: list[Answer]) -> Entry:
    models = {one.model.name: one.model.digest for one in answers}
    outcomes = tally(one.outcomes for one in answers)
    return Entry(who(request), route_of(request), models, body, len(answers), outcomes)


def route_of(request: Request) -> str:
    """The path of the route as it was declared: what a client put into it is left out."""
    path: str = request.scope["route"].path
    return path
