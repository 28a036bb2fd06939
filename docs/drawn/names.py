"""The Python interface: every public name, from its docstring."""

import inspect
from types import ModuleType

import painresponse


def names() -> str:
    """A section a name of ``painresponse.__all__``, in its order."""
    return "\n".join(_section(name) for name in painresponse.__all__)


def _section(name: str) -> str:
    named = getattr(painresponse, name)
    return f"## {name}\n\n```{{eval-rst}}\n{_entry(name, named)}\n```\n"


def _entry(name: str, named: object) -> str:
    if isinstance(named, ModuleType):
        return f".. automodule:: {named.__name__}\n   :members:\n   :imported-members:\n"
    if inspect.isclass(named):
        return f".. autoclass:: painresponse.{name}\n   :members:\n"
    return f".. autofunction:: painresponse.{name}\n"
