"""From a request's body to its reply: what the models say of rows that were made elsewhere."""

from dataclasses import dataclass

import msgspec
import numpy as np
from msgspec import UNSET
from numpy.typing import NDArray
from starlette.responses import Response

from painresponse.scoring.bundle import Outputs
from painresponse_serve.complaints import json_response
from painresponse_serve.inference.messages import (
    InferredOutput,
    InferredParameters,
    InferResponse,
    version_of,
)
from painresponse_serve.inference.reading import Asked, read
from painresponse_serve.inference.tensors import behind_json, in_json, outputs_of
from painresponse_serve.settings import Limits
from painresponse_serve.shelf import Served

READY_MADE = (
    "These rows were made elsewhere: what a history must hold to be scored was not checked, no flag was "
    "raised, and nothing was refused. Answers with little support stand for few patients."
)
"""What an answer to ready-made rows says beside the notices of every answer."""

HEAD = "Inference-Header-Content-Length"


@dataclass(frozen=True)
class Reply:
    """What is sent back, and the rows it speaks of."""

    response: Response
    rows: NDArray[np.float32]


def reply(served: Served, body: bytes, head: int | None, limits: Limits) -> Reply:
    """The reply to a body of which ``head`` bytes are JSON (None: all of it).

    The numbers are those of ``Bundle.run`` to the bit. Raises RequestError where it cannot be read.
    """
    asked = read(body, head, served.bundle, limits)
    said = served.bundle.run(asked.rows, explain=asked.explain)
    return Reply(_response(served, asked, said), asked.rows)


def _response(served: Served, asked: Asked, said: Outputs) -> Response:
    known = outputs_of(served.bundle)
    outputs: list[InferredOutput] = []
    tail: list[bytes] = []
    for name, binary in asked.outputs.items():
        values = getattr(said, name)
        if binary:
            output, data = behind_json(known[name], values)
            tail.append(data)
        else:
            output = in_json(known[name], values)
        outputs.append(output)
    text = msgspec.json.encode(_message(served, asked, said, outputs))
    if not tail:
        return json_response(text)
    headers = {HEAD: str(len(text)), "content-type": "application/octet-stream"}
    return json_response(b"".join([text, *tail]), headers=headers)


def _message(served: Served, asked: Asked, said: Outputs, outputs: list[InferredOutput]) -> InferResponse:
    bundle = served.bundle
    parameters = InferredParameters(
        synthetic=bundle.synthetic,
        targets=",".join(card.name for card in bundle.targets),
        unsupported=int(np.count_nonzero(said.support < served.scorer.least_support)),
        notices=" ".join((*served.scorer.notices, READY_MADE)),
    )
    echo = UNSET if asked.id is None else asked.id
    return InferResponse(bundle.name, version_of(bundle), parameters, outputs, id=echo)
