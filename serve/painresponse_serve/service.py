"""What all interfaces share: the one way from questions to answers, which are counted and recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from painresponse_serve.access import who
from painresponse_serve.answering import Told, tell
from painresponse_serve.answers import Answer
from painresponse_serve.audit import AuditLog, Entry, NoAudit, open_audit, tally
from painresponse_serve.intake import Desk
from painresponse_serve.logs import note
from painresponse_serve.metrics import Metrics
from painresponse_serve.questions import Question
from painresponse_serve.settings import Settings
from painresponse_serve.shelf import Shelf

INLINE = 2
"""Patients scored in the loop: handing so few to a thread would take longer than the work."""


@dataclass(frozen=True)
class Service:
    """The bundles in service, the desk that receives bodies, the audit log and the counters.

    While there is a file ``alarm``, nothing is scored.
    """

    shelf: Shelf
    desk: Desk
    audit: AuditLog | NoAudit
    metrics: Metrics
    alarm: Path | None = None

    async def answers(self, request: Request, body: bytes, questions: Sequence[Question]) -> list[Answer]:
        """The answer to each question of a request; ``body``: what was sent, for its hash in the audit log.

        Raises RequestError for a strange model or target, and where the audit log cannot be written.
        """
        if len(questions) <= INLINE:
            told = self._told(questions)
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

    def _told(self, questions: Sequence[Question]) -> list[Told]:
        return [tell(self.shelf.pick(one.choice.model), one, alarm=self.alarm) for one in questions]


def open_service(shelf: Shelf, settings: Settings) -> Service:
    """The service as the settings want it. Raises WorkError where the audit log cannot be written."""
    alarm = Path(settings.safety.drift_alarm) if settings.safety.drift_alarm else None
    return Service(shelf, Desk(settings.limits), open_audit(settings.audit), Metrics(), alarm)


def _entry(request: Request, body: bytes, answers: list[Answer]) -> Entry:
    models = {one.model.name: one.model.digest for one in answers}
    outcomes = tally(one.outcomes for one in answers)
    return Entry(who(request), route_of(request), models, body, len(answers), outcomes)


def route_of(request: Request) -> str:
    """The path of the route as it was declared: what a client put into it is left out."""
    path: str = request.scope["route"].path
    return path
