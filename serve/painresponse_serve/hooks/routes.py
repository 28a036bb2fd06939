"""CDS Hooks 2.0 over HTTP: what there is, a call of each hook, and what became of the cards."""

from typing import Any, NamedTuple

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from painresponse.clinic.declarations import Intervention
from painresponse.records.rows import ask
from painresponse.scoring.bundle import Bundle
from painresponse_serve.access import who
from painresponse_serve.audit import Remark
from painresponse_serve.charts import check_size
from painresponse_serve.complaints import Failure, json_response
from painresponse_serve.documents import body
from painresponse_serve.hooks.cards import Cards, cards
from painresponse_serve.hooks.feedback import CardFeedback, Feedback, Outbox
from painresponse_serve.hooks.orders import Stage, asked, ordered
from painresponse_serve.hooks.prefetched import Fetched, fetched
from painresponse_serve.hooks.requests import (
    Call,
    OrderSelectCall,
    OrderSignCall,
    PatientViewCall,
    read,
)
from painresponse_serve.hooks.services import (
    ORDER_SELECT,
    ORDER_SIGN,
    PATIENT_VIEW,
    SERVICES,
    Discovery,
    HookService,
)
from painresponse_serve.hooks.site import Site, interventions
from painresponse_serve.questions import Choice, Question
from painresponse_serve.routes import REFUSED_BODIES
from painresponse_serve.service import Service, route_of

MESSAGES = (Discovery, PatientViewCall, OrderSelectCall, OrderSignCall, Cards, Feedback)

_HOOKS: tuple[tuple[HookService, type[Call]], ...] = (
    (PATIENT_VIEW, PatientViewCall),
    (ORDER_SELECT, OrderSelectCall),
    (ORDER_SIGN, OrderSignCall),
)
_FAILURES: dict[int | str, dict[str, Any]] = {
    **REFUSED_BODIES,
    422: body("Not what this hook is called with", Failure),
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    **_FAILURES,
    200: body("Cards; none where nothing was asked about that can be predicted", Cards),
    412: body("The prefetch lacks what is needed", Failure),
}


class Asked(NamedTuple):
    """A question and the chart it was put from."""

    question: Question
    found: Fetched


def hook_routes(service: Service, site: Site) -> APIRouter:
    """Discovery, the three hooks, and feedback on their cards."""
    router = APIRouter(tags=["hooks"])
    outbox = Outbox()

    @router.get("/cds-services", summary="Which services there are", responses={200: body("All", Discovery)})
    async def services() -> Response:
        return json_response(SERVICES)

    for one, kind in _HOOKS:
        _add_hook(router, one, kind, service=service, site=site, outbox=outbox)
        _add_feedback(router, one, service=service, outbox=outbox)
    return router


def _add_hook(
    router: APIRouter,
    one: HookService,
    kind: type[Call],
    *,
    service: Service,
    site: Site,
    outbox: Outbox,
) -> None:
    declared = interventions()

    def put(sent: bytes) -> Asked | None:
        return _asked(read(sent, kind), declared, service, site)

    @router.post(
        f"/cds-services/{one.id}",
        summary=one.title,
        openapi_extra={"requestBody": {"required": True, **body(one.description, kind)}},
        responses=_ANSWERS,
    )
    async def called(request: Request) -> Response:
        async with service.desk.received(request) as sent:
            asking = await run_in_threadpool(put, sent)  # a large chart takes its time
            if asking is None:
                return json_response(Cards([]))
            (answer,) = await service.answers(request, sent, [asking.question])
        told = cards(answer, asking.found, address=site.address)
        outbox.give(card.uuid for card in told.cards)
        return json_response(told)


def _asked(call: Call, declared: dict[str, Intervention], service: Service, site: Site) -> Asked | None:
    """The question of a hook, put to the first bundle in service; None where it asks nothing."""
    served = service.shelf.pick()
    targets = _targets(call, served.bundle, declared, site)
    if not targets:
        return None
    asks = ask(site.clock())
    found = fetched(call.prefetch or {}, call.context.patient_id, served.scorer, asks=asks, zone=service.zone)
    check_size(found.chart, service.desk.limits.events)
    return Asked(Question(found.chart.raw, asks, Choice(served.name, targets=targets, explain=True)), found)


def _targets(call: Call, bundle: Bundle, declared: dict[str, Intervention], site: Site) -> list[str]:
    """What is asked about: by draft orders the stages they begin, by an opened chart what the site chose."""
    if isinstance(call, PatientViewCall):
        return [one.name for one in bundle.targets if one.intervention in site.hooks.patient_view]
    selections = call.context.selections if isinstance(call, OrderSelectCall) else None
    stages: set[Stage] = asked(ordered(call.context.draft_orders, selections), declared, bundle.concepts)
    return [one.name for one in bundle.targets if (one.intervention, one.stage) in stages]


def _add_feedback(router: APIRouter, one: HookService, *, service: Service, outbox: Outbox) -> None:
    @router.post(
        f"/cds-services/{one.id}/feedback",
        summary=f"What became of the cards of {one.hook}",
        openapi_extra={"requestBody": {"required": True, **body("By card", Feedback)}},
        responses={**_FAILURES, 200: {"description": "Heard"}},
    )
    async def heard(request: Request) -> Response:
        async with service.desk.received(request) as sent:
            news = outbox.news(read(sent, Feedback).feedback)
            if news:
                await service.audit.recorded(_remark(request, news))
        outbox.hear(news)
        for told in news:
            service.metrics.heard(told.outcome, known=outbox.knows(told.card))
        return json_response(b"{}")


def _remark(request: Request, news: list[CardFeedback]) -> Remark:
    return Remark(who(request), route_of(request), [(str(one.card), one.outcome) for one in news])
