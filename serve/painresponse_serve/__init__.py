"""The scoring server: one bundle behind HTTP. Imports the light side of painresponse only."""

from painresponse_serve.app import create_app
from painresponse_serve.server import serve
from painresponse_serve.settings import Settings, load_settings

__all__ = ["Settings", "create_app", "load_settings", "serve"]
