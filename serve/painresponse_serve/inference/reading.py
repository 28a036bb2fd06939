"""A request for inference, read: the envelope of JSON, and the tensors in it or behind it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from msgspec import Raw, UnsetType
from numpy.typing import NDArray

from painresponse.scoring.bundle import Bundle
from painresponse_serve.complaints import RequestError
from painresponse_serve.histories import kept, once
from painresponse_serve.inference.messages import InferInput, InferOutput, InferRequest
from painresponse_serve.inference.tensors import (
    CONTRIBUTIONS,
    EXPLAIN,
    FEATURES,
    check,
    inputs_of,
    numbers,
    outputs_of,
    truths,
    wrong,
)
from painresponse_serve.settings import Limits

_decoder = msgspec.json.Decoder(InferRequest)
_members = json.JSONDecoder(object_pairs_hook=once, parse_int=str, parse_float=str)


@dataclass(frozen=True)
class Asked:
    """What is asked: ``rows`` x features, at which places of the targets they are to be explained, and which
    outputs are wanted, by name whether as bytes.
    """

    rows: NDArray[np.float32]
    explain: list[int]
    outputs: dict[str, bool]
    id: str | None


def read(body: bytes, head: int | None, bundle: Bundle, limits: Limits) -> Asked:
    """A request's body, of which ``head`` bytes are JSON (None: all of it). Raises RequestError."""
    if head is not None and head > len(body):
        raise wrong("Inference-Header-Content-Length is more than the body has.")
    request = _envelope(body[:head])
    sent = _sent(request.inputs, bundle, limits)
    elements = _elements(request.inputs, b"" if head is None else body[head:])
    rows = numbers(sent[FEATURES], elements[FEATURES])
    explain = np.flatnonzero(truths(sent[EXPLAIN], elements[EXPLAIN])).tolist() if EXPLAIN in sent else []
    outputs = _outputs(request, bundle, explained=bool(explain))
    if CONTRIBUTIONS not in outputs:
        explain = []
    elif len(rows) > limits.patients:
        raise RequestError(413, "too_many_rows", f"At most {limits.patients} rows are explained at once.")
    return Asked(rows, explain, outputs, request.id)


def _envelope(text: bytes) -> InferRequest:
    """The JSON of a request, in which no object names a member twice.

    The elements of its tensors, which may be a million, are looked at only once: as tensors.
    """
    try:
        request = _decoder.decode(text)
        if not kept(text, request):
            _check_names(request, text)
    except msgspec.ValidationError as error:
        raise wrong(_words(str(error))) from None
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise RequestError(400, "bad_json", _SYNTAX) from None
    return request


def _check_names(request: InferRequest, text: bytes) -> None:
    for one in request.inputs:
        if isinstance(one.data, Raw):
            before, _, behind = text.partition(bytes(one.data))
            text = before + b"[]" + behind
    _members.decode(text.decode())


_SYNTAX = (
    "The request is not JSON in UTF-8. NaN and Infinity are not JSON either: send null for a missing value, "
    "or send the tensor in binary mode (binary_data_size), which carries NaN itself. Where binary tensors "
    "follow, the header Inference-Header-Content-Length says where the JSON ends."
)
"""Also for JSON that is nested deeper than any that could be meant."""


def _words(complaint: str) -> str:
    """msgspec's words without its place and without an unknown member's name: both may hold what was sent."""
    if complaint.startswith("Object contains unknown field"):
        return (
            "The request, or an input or output of it, has a member that the protocol does not know. "
            f"Known: {', '.join(InferRequest.__struct_fields__)}; of an input: "
            f"{', '.join(InferInput.__struct_fields__)}; of an output: name, parameters."
        )
    return f"The request has not the shape of the protocol: {complaint.partition(' - at `')[0]}."


def _sent(inputs: Sequence[InferInput], bundle: Bundle, limits: Limits) -> dict[str, InferInput]:
    """The inputs by name, as the bundle takes them."""
    known = inputs_of(bundle)
    sent = {one.name: one for one in inputs}
    if FEATURES not in sent or len(sent) < len(inputs) or not sent.keys() <= known.keys():
        raise wrong(f"inputs must hold {FEATURES} and may hold {EXPLAIN}, each once, and no other.")
    for name, one in sent.items():
        check(one, known[name])
    if sent[FEATURES].shape[0] > limits.rows:
        raise RequestError(413, "too_many_rows", f"At most {limits.rows} rows can be sent at once.")
    return sent


def _elements(inputs: Sequence[InferInput], tail: bytes) -> dict[str, Raw | bytes]:
    """By input what holds its elements: JSON, or its part of the bytes behind the JSON, in their order."""
    found: dict[str, Raw | bytes] = {}
    place = 0
    for one in inputs:
        size = one.parameters.binary_data_size if one.parameters else None
        if (size is None) == isinstance(one.data, UnsetType):
            raise wrong(
                f"{one.name}: give either data, or binary_data_size and so many bytes behind the JSON."
            )
        if isinstance(one.data, Raw):
            found[one.name] = one.data
        else:
            found[one.name] = tail[place : place + (size or 0)]
            place += size or 0
    if place != len(tail):
        raise wrong("The sizes in binary_data_size do not add up to the bytes behind the JSON.")
    return found


def _outputs(request: InferRequest, bundle: Bundle, *, explained: bool) -> dict[str, bool]:
    """Those wanted; without a list all, the contributions among them where there is something to explain."""
    known = outputs_of(bundle)
    binary = request.parameters is not None and request.parameters.binary_data_output
    if not request.outputs:
        return {name: binary for name in known if explained or name != CONTRIBUTIONS}
    wanted = {one.name: _is_binary(one, binary) for one in request.outputs}
    if len(wanted) < len(request.outputs) or not wanted.keys() <= known.keys():
        raise wrong(f"outputs may hold each of these once, and no other: {', '.join(known)}.")
    if CONTRIBUTIONS in wanted and not explained:
        raise wrong(f"{CONTRIBUTIONS} are given of the targets that the input {EXPLAIN} marks: mark one.")
    return wanted


def _is_binary(wanted: InferOutput, otherwise: bool) -> bool:
    asked = wanted.parameters
    if asked is None:
        return otherwise
    if asked.classification or asked.shared_memory_region:
        raise wrong("outputs: neither classification nor shared memory is offered here.")
    return otherwise if asked.binary_data is None else asked.binary_data
