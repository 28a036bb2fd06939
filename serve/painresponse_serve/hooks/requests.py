"""What a CDS Hooks client sends: the hook, its context, and what was fetched for it."""

from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from painresponse_serve.charts import json_of
from painresponse_serve.complaints import RequestError

T = TypeVar("T")

Resource = dict[str, Any]
_Id = Annotated[str, Meta(min_length=1, max_length=300)]
_Orders = Annotated[Resource, Meta(description="a FHIR Bundle of the orders not signed yet")]


class PatientViewContext(Struct, frozen=True, rename="camel", kw_only=True):
    """Whose chart was opened, and by whom."""

    user_id: Annotated[_Id, Meta(description="Practitioner/… or PractitionerRole/…")]
    patient_id: Annotated[_Id, Meta(description="the id of the Patient")]
    encounter_id: str | None = None


class OrderSignContext(PatientViewContext, frozen=True, rename="camel", kw_only=True):
    """…and which orders are about to be signed."""

    draft_orders: _Orders


class OrderSelectContext(OrderSignContext, frozen=True, rename="camel", kw_only=True):
    """…and which of them were just selected."""

    selections: Annotated[
        list[_Id], Meta(max_length=1000, description="of the drafts those just selected: ServiceRequest/103")
    ]


class HookCall(Struct, frozen=True, rename="camel", kw_only=True):
    """What every hook is called with.

    Where the record system's FHIR server is, and by what token it is read, is of no use: no request leaves.
    """

    hook_instance: UUID
    fhir_server: str | None = None
    fhir_authorization: Annotated[
        Resource | None, Meta(description="not used, not kept: no request leaves this server")
    ] = None
    prefetch: Annotated[
        dict[str, Resource | None] | None,
        Meta(
            description="by key of the template a resource or a Bundle; null where there is none, an "
            "OperationOutcome where it failed; no key where it was not tried"
        ),
    ] = None


class PatientViewCall(HookCall, frozen=True, rename="camel", kw_only=True):
    """A chart was opened."""

    hook: Literal["patient-view"]
    context: PatientViewContext


class OrderSelectCall(HookCall, frozen=True, rename="camel", kw_only=True):
    """Orders were selected."""

    hook: Literal["order-select"]
    context: OrderSelectContext


class OrderSignCall(HookCall, frozen=True, rename="camel", kw_only=True):
    """Orders are about to be signed."""

    hook: Literal["order-sign"]
    context: OrderSignContext


Call = PatientViewCall | OrderSelectCall | OrderSignCall


def read(body: bytes, kind: type[T]) -> T:
    """A body as what it must be. Raises RequestError saying where it is not."""
    try:
        return msgspec.convert(json_of(body), kind)
    except msgspec.ValidationError as error:
        raise RequestError(422, "wrong_shape", _words(str(error))) from None


def _words(complaint: str) -> str:
    """msgspec's words with the place in front, without a value that was sent."""
    what, _, place = complaint.rpartition(" - at `") if " - at `" in complaint else (complaint, "", "")
    where = place.rstrip("`").removeprefix("$").removeprefix(".") or "The body"
    if what.startswith("Invalid enum value"):
        what = "is not one of the words it may be: /openapi.json lists them"
    return f"{where}: {what[0].lower()}{what[1:]}."
