"""The Open Inference Protocol: ready-made rows of features in, what the models say of them out."""

from painresponse_serve.inference.messages import MESSAGES, complained, example
from painresponse_serve.inference.routes import inference_routes

__all__ = ["MESSAGES", "complained", "example", "inference_routes"]
