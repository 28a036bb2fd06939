"""Tensors: those a bundle takes and gives, and their elements as arrays, as JSON and as bytes."""

from functools import cache
from math import prod
from typing import Any

import msgspec
import numpy as np
from msgspec import Raw
from numpy.typing import NDArray

from painresponse.scoring.bundle import Bundle
from painresponse_serve.complaints import RequestError
from painresponse_serve.inference.messages import BinarySize, InferInput, InferredOutput, Tensor

FEATURES, EXPLAIN, CONTRIBUTIONS = "features", "explain", "contributions"

_STORED: dict[str, np.dtype[Any]] = {"FP32": np.dtype("<f4"), "FP64": np.dtype("<f8"), "BOOL": np.dtype("u1")}
_numbers = msgspec.json.Decoder(list[float | None])
_rows_of_numbers = msgspec.json.Decoder(list[list[float | None]])
_truths = msgspec.json.Decoder(list[bool])

Outputs = NDArray[np.float32] | NDArray[np.float64]


def inputs_of(bundle: Bundle) -> dict[str, Tensor]:
    """What can be sent: rows of features, and which targets are to be explained."""
    return _inputs(len(bundle.features), len(bundle.targets))


@cache
def _inputs(features: int, targets: int) -> dict[str, Tensor]:
    tensors = (Tensor(FEATURES, "FP32", [-1, features]), Tensor(EXPLAIN, "BOOL", [targets]))
    return {one.name: one for one in tensors}


def outputs_of(bundle: Bundle) -> dict[str, Tensor]:
    """What is given: rows x targets, and the contributions, targets explained x rows x features."""
    return _outputs(len(bundle.features), len(bundle.targets))


@cache
def _outputs(features: int, targets: int) -> dict[str, Tensor]:
    each = [-1, targets]
    tensors = (
        Tensor("margin", "FP32", each),
        *(Tensor(name, "FP64", each) for name in ("probability", "low", "high", "support")),
        Tensor(CONTRIBUTIONS, "FP32", [-1, -1, features]),
    )
    return {one.name: one for one in tensors}


def wrong(message: str) -> RequestError:
    """A request of this protocol that cannot be answered."""
    return RequestError(400, "wrong_tensor", message)


def check(sent: InferInput, wanted: Tensor) -> None:
    """Raises RequestError where a tensor is announced with another type or shape."""
    if sent.datatype != wanted.datatype:
        raise wrong(f"{wanted.name}: the datatype must be {wanted.datatype}.")
    fits = len(sent.shape) == len(wanted.shape) and all(
        size > 0 if free == -1 else size == free for size, free in zip(sent.shape, wanted.shape, strict=True)
    )
    if not fits:
        raise wrong(f"{wanted.name}: the shape must be {wanted.shape} (-1: any number from 1 on).")


def numbers(sent: InferInput, elements: Raw | bytes) -> NDArray[np.float32]:
    """The elements of an FP32 input in its shape, from JSON or from bytes. Raises RequestError.

    JSON has no infinity: a number beyond FP32 is refused there, not made one.
    """
    if isinstance(elements, bytes):
        return _shaped(sent, _stored(sent, elements).astype(np.float32))
    nested = bytes(memoryview(elements)[1:64]).lstrip()[:1] == b"["
    try:
        plain = _rows_of_numbers.decode(elements) if nested else _numbers.decode(elements)
        with np.errstate(over="raise"):
            return _shaped(sent, np.array(plain, np.float32))
    except (msgspec.DecodeError, ValueError, RecursionError, FloatingPointError):
        raise wrong(
            f"{sent.name}: data must be a list of numbers within the range of FP32, or null for a missing "
            "value; flat, or a list for each row, all as long."
        ) from None


def truths(sent: InferInput, elements: Raw | bytes) -> NDArray[np.bool_]:
    """The elements of a BOOL input in its shape, from JSON or from bytes. Raises RequestError."""
    if isinstance(elements, bytes):
        return _shaped(sent, _stored(sent, elements).astype(np.bool_))
    try:
        return _shaped(sent, np.array(_truths.decode(elements), np.bool_))
    except (msgspec.DecodeError, RecursionError):
        raise wrong(f"{sent.name}: data must be a list of true and false.") from None


def _stored(sent: InferInput, elements: bytes) -> NDArray[Any]:
    dtype = _STORED[sent.datatype]
    if len(elements) % dtype.itemsize:
        raise wrong(
            f"{sent.name}: binary_data_size is no multiple of {dtype.itemsize}, the bytes of an element."
        )
    return np.frombuffer(elements, dtype)


def _shaped(sent: InferInput, found: NDArray[Any]) -> NDArray[Any]:
    nested_otherwise = found.ndim > 1 and list(found.shape) != sent.shape
    if found.size != prod(sent.shape) or nested_otherwise:
        raise wrong(f"{sent.name}: there are not as many elements as its shape says.")
    return found.reshape(sent.shape)


def in_json(wanted: Tensor, values: Outputs) -> InferredOutput:
    """An output with its elements in JSON, where NaN is null."""
    return InferredOutput(wanted.name, wanted.datatype, list(values.shape), data=values.ravel().tolist())


def behind_json(wanted: Tensor, values: Outputs) -> tuple[InferredOutput, bytes]:
    """An output whose elements stand behind the JSON, and these as bytes."""
    data = values.astype(_STORED[wanted.datatype], copy=False).tobytes()
    size = BinarySize(len(data))
    return InferredOutput(wanted.name, wanted.datatype, list(values.shape), parameters=size), data
