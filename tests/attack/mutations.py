"""JSON changed in one place, so that it stays JSON."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

STRANGE = (
    *(None, True, 0, -1, 1.5, -0.0, 5e-324, 1e308, 2**63, 10**30),
    *(
        "",
        "\x00",
        "\ud800",
        "\ufeff",
        "é" * 300,
        "mg/dL",
        "PR//pain",
        "MEDS_BIRTH",
        "Patient/example",
        "%s{}",
    ),
    *("2026-03-01", "2026-03", "2026-02-30", "0001-01-01", "9999-12-31T23:59:59.999999", "2026-03-01T24:00"),
    *("2026-03-01T09:00:00Z", "2026-03-01T09:00:00+14:00", "2026-W09-7", "20260301"),
    *([], {}, [[]], [None], {"resourceType": "Bundle"}, {"reference": "#"}, {"value": None}),
)
"""What seldom stands where it then stands."""

Place = tuple[Any, Any]
"""A list or an object, and where in it."""


def places(value: Any) -> Iterator[Place]:
    """Everything inside a value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inside:
        yield value, name
        yield from places(one)


def change(value: Any, rng: Random) -> None:
    """Delete, replace, wrap, double or copy elsewhere one thing inside a value, if there is any."""
    within = list(places(value))
    if not within:
        return
    (holder, name), (other, elsewhere) = rng.choice(within), rng.choice(within)
    match rng.choice(("delete", "replace", "wrap", "double", "copy")):
        case "delete":
            del holder[name]
        case "replace":
            holder[name] = json.loads(json.dumps(rng.choice(STRANGE)))
        case "wrap":
            holder[name] = [holder[name]]
        case "double" if isinstance(holder, list):
            holder.append(holder[name])
        case _:
            holder[name] = json.loads(json.dumps(other[elsewhere]))
