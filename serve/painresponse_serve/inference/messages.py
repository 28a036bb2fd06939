"""The messages of the Open Inference Protocol, version 2, as far as they are read and written here.

The protocol leaves ``parameters`` to servers and clients: those that are not known here are passed over, and
those that ask for what is not done here are known, to be refused.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import UNSET, Meta, Raw, Struct, UnsetType
from starlette.responses import Response

from painresponse.scoring.bundle import Bundle, Outputs
from painresponse_serve.complaints import RequestError, json_response

VERSION_DIGITS = 12
"""A version of a model is so many digits of its bundle's SHA-256: other contents are another version."""

Size = Annotated[int, Meta(ge=0, description="bytes of the tensor behind the JSON, little-endian, row-major")]
Shape = Annotated[list[int], Meta(max_length=8)]
InputName = Annotated[str, Meta(extra_json_schema={"enum": ["features", "explain"]})]
InputType = Annotated[str, Meta(extra_json_schema={"enum": ["FP32", "BOOL"]})]
OutputName = Annotated[str, Meta(extra_json_schema={"enum": list(Outputs._fields)})]
"""Looked up when they are read, so that a complaint does not hold a strange one, as msgspec's would."""


class Tensor(Struct, frozen=True):
    """A tensor that a model takes or gives; -1 in its shape is any number."""

    name: str
    datatype: str
    shape: list[int]


class ServerFacts(Struct, frozen=True):
    """What the server calls itself, and what it can beside the protocol."""

    name: str
    version: str
    extensions: list[str]


class ModelParameters(Struct, frozen=True):
    """What the columns of the tensors are, and what is to be known of the model."""

    digest: Annotated[str, Meta(description="SHA-256 the bundle is known by")]
    synthetic: Annotated[bool, Meta(description="trained on simulated patients; must not score real ones")]
    targets: Annotated[list[str], Meta(description="what the columns of the outputs are")]
    least_support: Annotated[
        list[float | None], Meta(description="by target: with less support, /v1/score refuses")
    ]
    features: Annotated[list[str], Meta(description="what the columns of the input features are")]
    notices: list[str]


class ModelFacts(Struct, frozen=True):
    """A bundle as a model: its one version, its tensors, and what their columns are."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[Tensor]
    outputs: list[Tensor]
    parameters: ModelParameters


class ServerLive(Struct, frozen=True):
    """The process answers."""

    live: bool


class ServerReady(Struct, frozen=True):
    """Every bundle has given its golden scores."""

    ready: bool


class ModelReady(Struct, frozen=True):
    """The model can be asked."""

    name: str
    ready: bool


class InputParameters(Struct, frozen=True, omit_defaults=True, gc=False):
    """Where the elements of an input are, if not in ``data``."""

    binary_data_size: Size | None = None


class InferInput(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A tensor sent: its elements flat or nested in ``data``, or behind the JSON."""

    name: InputName
    datatype: InputType
    shape: Shape
    data: Annotated[
        Raw | UnsetType,
        Meta(
            description="row-major; null is a missing value",
            extra_json_schema={"type": "array", "items": {}},
        ),
    ] = UNSET
    parameters: InputParameters | None = None


class OutputParameters(Struct, frozen=True, omit_defaults=True, gc=False):
    """How an output is wanted."""

    binary_data: bool | None = None
    classification: int | None = None
    shared_memory_region: str | None = None


class InferOutput(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """An output that is wanted."""

    name: OutputName
    parameters: OutputParameters | None = None


class InferParameters(Struct, frozen=True, omit_defaults=True, gc=False):
    """How outputs are wanted that do not say it themselves."""

    binary_data_output: bool = False


class InferRequest(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Rows of features, and which outputs are wanted: without a list, all of them."""

    inputs: Annotated[list[InferInput], Meta(min_length=1, max_length=16)]
    outputs: Annotated[list[InferOutput], Meta(max_length=16)] | None = None
    id: Annotated[str, Meta(max_length=256)] | None = None
    parameters: InferParameters | None = None


class BinarySize(Struct, frozen=True, gc=False):
    """How many bytes of an output stand behind the JSON."""

    binary_data_size: Size


class InferredOutput(Struct, frozen=True, gc=False):
    """An output: its elements, row-major, in ``data`` (null is NaN) or behind the JSON."""

    name: str
    datatype: str
    shape: list[int]
    data: Sequence[float | None] | UnsetType = UNSET
    parameters: BinarySize | UnsetType = UNSET


class InferredParameters(Struct, frozen=True, gc=False):
    """What goes with every answer."""

    synthetic: Annotated[bool, Meta(description="trained on simulated patients; must not score real ones")]
    targets: Annotated[str, Meta(description="names of the columns, with commas between them")]
    unsupported: Annotated[
        int, Meta(description="answers of which /v1/score would say that too few such patients were treated")
    ]
    notices: str


class InferResponse(Struct, frozen=True, gc=False):
    """What the models say of each row."""

    model_name: str
    model_version: str
    parameters: InferredParameters
    outputs: list[InferredOutput]
    id: str | UnsetType = UNSET


class InferenceError(Struct, frozen=True):
    """What is wrong, and what to do; names places, never values."""

    error: str


MESSAGES = (
    ServerFacts,
    ServerLive,
    ServerReady,
    ModelFacts,
    ModelReady,
    InferRequest,
    InferResponse,
    InferenceError,
)


def complained(error: RequestError) -> Response:
    """A complaint as this protocol words it."""
    return json_response(InferenceError(error.message), error.status, headers=error.headers)


def version_of(bundle: Bundle) -> str:
    """The one version of a bundle that is served."""
    return bundle.digest[:VERSION_DIGITS]


def example(bundle: Bundle) -> dict[str, Any]:
    """A request that can be sent as it stands: the row of one of the bundle's golden patients."""
    row = bundle.metadata["golden"]["rows"][0]
    features = {"name": "features", "datatype": "FP32", "shape": [1, len(row)], "data": row}
    return {"inputs": [features], "outputs": [{"name": "probability"}, {"name": "support"}]}
