"""The routes of the Open Inference Protocol: the server, its bundles as models, and inference."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from painresponse_serve.complaints import RequestError, json_response
from painresponse_serve.documents import body
from painresponse_serve.inference.messages import (
    InferenceError,
    InferRequest,
    InferResponse,
    ModelFacts,
    ModelParameters,
    ModelReady,
    ServerFacts,
    ServerLive,
    ServerReady,
    version_of,
)
from painresponse_serve.inference.replies import HEAD, READY_MADE, Reply, reply
from painresponse_serve.inference.tensors import inputs_of, outputs_of, wrong
from painresponse_serve.intake import JSON
from painresponse_serve.routes import REFUSED_BODIES
from painresponse_serve.service import Service
from painresponse_serve.shelf import Served, Shelf

MODEL, VERSION = "/v2/models/{model}", "/versions/{version}"

INLINE_BYTES = 65_536
"""Bodies answered in the loop, fifty rows or so; longer ones by a thread, so that probes need not wait."""

_BODIES = (*JSON, "application/octet-stream", "")
"""Clients of the protocol need not say what they send, and tritonclient does not."""

_REFUSED: dict[int | str, dict[str, Any]] = {
    status: body(one["description"], InferenceError) for status, one in REFUSED_BODIES.items()
}
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: body("No such model or version is served", InferenceError)}


def inference_routes(service: Service) -> APIRouter:
    """The server, its bundles as models, and inference."""
    router = APIRouter(tags=["open inference protocol"])
    _server_routes(router)
    _model_routes(router, service.shelf)
    _infer_routes(router, service)
    return router


def _server_routes(router: APIRouter) -> None:
    facts = json_response(ServerFacts("painresponse", "1", ["binary_tensor_data"])).body

    @router.get("/v2/", include_in_schema=False)
    @router.get("/v2", summary="What the server is", responses={200: body("The server", ServerFacts)})
    async def server() -> Response:
        return json_response(bytes(facts))

    @router.get("/v2/health/live", summary="Whether it answers", responses={200: body("It does", ServerLive)})
    async def live() -> Response:
        return json_response(ServerLive(True))

    @router.get(
        "/v2/health/ready", summary="Whether it can infer", responses={200: body("It can", ServerReady)}
    )
    async def ready() -> Response:
        return json_response(ServerReady(True))


def _model_routes(router: APIRouter, shelf: Shelf) -> None:
    for path, named in _places(shelf):

        @router.get(
            path,
            summary="What a bundle takes and gives",
            openapi_extra=named,
            responses={200: body("The model", ModelFacts), **_UNKNOWN},
        )
        async def model(request: Request) -> Response:
            return json_response(_facts(_asked(request, shelf)))

        @router.get(
            f"{path}/ready",
            summary="Whether a bundle can be asked",
            openapi_extra=named,
            responses={200: body("It can", ModelReady), **_UNKNOWN},
        )
        async def ready(request: Request) -> Response:
            return json_response(ModelReady(_asked(request, shelf).name, True))


def _infer_routes(router: APIRouter, service: Service) -> None:
    sent = {"required": True, **body("Rows of features; with binary tensors, bytes behind it", InferRequest)}
    answer = body("What the models say of each row; with binary tensors, bytes behind it", InferResponse)
    answer["content"]["application/octet-stream"] = {"schema": {"type": "string", "format": "binary"}}
    answers: dict[int | str, dict[str, Any]] = {
        200: answer,
        422: body("There is a drift alarm: nothing is answered", InferenceError),
    }
    for path, named in _places(service.shelf):

        @router.post(
            f"{path}/infer",
            summary="Predicted responses of ready-made rows",
            description=READY_MADE,
            openapi_extra={**named, "requestBody": sent},
            responses={**answers, **_REFUSED, **_UNKNOWN},
        )
        async def infer(request: Request) -> Response:
            served = _asked(request, service.shelf)
            async with service.desk.received(request, kinds=_BODIES) as content:
                service.check_alarm()
                found = await _replied(served, content, _head(request), service)
                await service.inferred(request, content, served, found.rows)
            return found.response


async def _replied(served: Served, content: bytes, head: int | None, service: Service) -> Reply:
    if len(content) <= INLINE_BYTES:
        return reply(served, content, head, service.desk.limits)
    return await run_in_threadpool(reply, served, content, head, service.desk.limits)


def _places(shelf: Shelf) -> list[tuple[str, dict[str, Any]]]:
    """The paths of a model, without its version and with it, and what the documents say of them."""
    name = _part("model", list(shelf.names), "name of a bundle")
    version = _part("version", [version_of(one.bundle) for one in shelf], "beginning of its digest")
    return [(MODEL, {"parameters": [name]}), (MODEL + VERSION, {"parameters": [name, version]})]


def _part(name: str, known: list[str], description: str) -> dict[str, Any]:
    schema = {"type": "string", "enum": known}
    return {"name": name, "in": "path", "required": True, "description": description, "schema": schema}


def _asked(request: Request, shelf: Shelf) -> Served:
    """The bundle of the path. Raises RequestError 404 for a strange name or version."""
    served = shelf.pick(request.path_params["model"])
    version = version_of(served.bundle)
    if request.path_params.get("version", version) != version:
        raise RequestError(404, "unknown_version", f"No such version is served here. Served: {version}.")
    return served


def _facts(served: Served) -> ModelFacts:
    bundle = served.bundle
    parameters = ModelParameters(
        bundle.digest,
        bundle.synthetic,
        [card.name for card in bundle.targets],
        [card.least_support for card in bundle.targets],
        list(bundle.features.names),
        list(served.scorer.notices),
    )
    given, told = list(inputs_of(bundle).values()), list(outputs_of(bundle).values())
    return ModelFacts(bundle.name, [version_of(bundle)], "onnx_onnxv1", given, told, parameters)


_HEAD = HEAD.lower().encode()


def _head(request: Request) -> int | None:
    """How many bytes of the body are JSON, where the client says it."""
    said = [value for name, value in request.scope["headers"] if name == _HEAD]
    if not said:
        return None
    if len(said) > 1 or not said[0].isdigit() or len(said[0]) > 9:
        raise wrong(f"The header {HEAD} must be one number: how many bytes of the body are JSON.")
    return int(said[0])
