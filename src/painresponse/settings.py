"""A TOML file into frozen dataclasses; unknown words are refused, with the nearest known one."""

import tomllib
import types
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from painresponse.errors import DefinitionError, unknown

T = TypeVar("T")


def load(path: Path) -> dict[str, Any]:
    """Read a TOML file. Raises DefinitionError naming the file, and the line where TOML breaks off."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DefinitionError(f"There is no configuration file {path}.") from None
    except OSError as error:
        raise DefinitionError(f"Cannot read {path}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DefinitionError(f"{path} is not valid TOML: {error}.") from None


def build(cls: type[T], raw: Any, where: str) -> T:
    """Build a settings dataclass from a plain table, checking every word and every type on the way."""
    if not isinstance(raw, dict):
        raise DefinitionError(f"{where} must be a table, not {_kind(raw)}.")
    hints = _hints(cls)  # type: ignore[arg-type]
    known = {field.name: field for field in fields(cls)}  # type: ignore[arg-type]
    for word in raw:
        if word not in known:
            raise DefinitionError(f"{where}: {unknown('setting', word, known)}")
    values = {}
    for name, field in known.items():
        if name in raw:
            values[name] = _convert(hints[name], raw[name], f"{where}.{name}")
        elif field.default is MISSING and field.default_factory is MISSING:
            raise DefinitionError(f"{where} needs {name!r}.")
    try:
        return cls(**values)
    except ValueError as error:
        raise DefinitionError(f"{where}: {error}") from None


@cache
def _hints(cls: type[Any]) -> dict[str, Any]:
    """Type hints are slow to resolve, and a catalogue builds hundreds of tables of a few kinds."""
    return get_type_hints(cls)


def _convert(hint: Any, raw: Any, where: str) -> Any:
    """One value to its declared type; only int to float is converted silently."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _convert(next(kind for kind in inner if kind is not type(None)), raw, where)
    if is_dataclass(hint):
        return build(hint, raw, where)  # type: ignore[arg-type]
    if origin is tuple:
        return _sequence(inner, raw, where)
    if origin is dict:
        if not isinstance(raw, dict):
            raise DefinitionError(f"{where} must be a table, not {_kind(raw)}.")
        return {key: _convert(inner[1], value, f"{where}.{key}") for key, value in raw.items()}
    if hint is float and isinstance(raw, int) and not isinstance(raw, bool):
        return float(raw)
    if hint is Any or (isinstance(raw, hint) and (hint is bool or not isinstance(raw, bool))):
        return raw
    raise DefinitionError(f"{where} must be {_WORDS.get(hint, hint.__name__)}, not {_kind(raw)}.")


def _sequence(inner: tuple[Any, ...], raw: Any, where: str) -> tuple[Any, ...]:
    """A list of one kind (``tuple[str, ...]``) or of a fixed length (``tuple[float, float]``)."""
    if not isinstance(raw, list | tuple):
        raise DefinitionError(f"{where} must be a list, not {_kind(raw)}.")
    if len(inner) == 2 and inner[1] is Ellipsis:
        return tuple(_convert(inner[0], item, f"{where}[{i}]") for i, item in enumerate(raw))
    if len(raw) != len(inner):
        raise DefinitionError(f"{where} must hold {len(inner)} items, not {len(raw)}.")
    return tuple(
        _convert(kind, item, f"{where}[{i}]") for i, (kind, item) in enumerate(zip(inner, raw, strict=True))
    )


_WORDS: dict[Any, str] = {
    str: "text",
    float: "a number",
    int: "a whole number",
    bool: "true or false",
    dict: "a table",
    list: "a list",
}


def _kind(raw: Any) -> str:
    return _WORDS.get(type(raw), type(raw).__name__)
