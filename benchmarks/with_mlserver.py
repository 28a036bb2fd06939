"""Run by MLServer's own environment: an ONNX model as its runtime, one thread, as an own runtime does it."""

import numpy as np
import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class OnnxModel(MLModel):
    """One input ``features``, one output ``probability``."""

    async def load(self) -> bool:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        path = self.settings.parameters.uri
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        rows = NumpyCodec.decode_input(payload.inputs[0]).astype(np.float32, copy=False)
        (found,) = self._session.run(["probability"], {"features": rows})
        return InferenceResponse(
            model_name=self.name, outputs=[NumpyCodec.encode_output(name="probability", payload=found)]
        )
