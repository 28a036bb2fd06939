"""Units as laboratories spell them, and the UCUM spelling each of them means (https://ucum.org).

Only spellings that can mean nothing else are here. Case is kept, because UCUM needs it (``mg`` is not
``Mg``), but for units written wholly in capitals: laboratory systems that know no small letters mean UCUM's
case-insensitive form by them. What is not listed stays as it came, and is rejected where no conversion is
declared for it.
"""

from functools import lru_cache

REVERSED = "{reversed}"
"""Says of a score that it counts the other way round: lowest plus highest possible, less the value."""

DURATIONS = frozenset(("ms", "s", "min", "h", "d", "wk", "mo", "a"))
"""Units of time, which nothing lasts less than zero of."""

_SIGNS = str.maketrans({"µ": "u", "μ": "u", "²": "2", "³": "3", "º": "°", " ": None, "\u00a0": None})

_WHOLE = {
    "mmhg": "mm[Hg]",
    "bpm": "/min",
    "beats/min": "/min",
    "{beats}/min": "/min",
    "1/min": "/min",
    "percent": "%",
    "pct": "%",
    "°c": "Cel",
    "degc": "Cel",
    "kg/m^2": "kg/m2",
    "kg/m2": "kg/m2",
    "score": "{score}",
    "points": "{score}",
    "{points}": "{score}",
}

_PARTS = {
    "mcg": "ug",
    "mcmol": "umol",
    "mcl": "uL",
    "mcL": "uL",
    "gm": "g",
    "l": "L",
    "dl": "dL",
    "ml": "mL",
    "ul": "uL",
    "IU": "[IU]",
    "mIU": "m[IU]",
    "uIU": "u[IU]",
    "[iU]": "[IU]",
    "m[iU]": "m[IU]",
    "u[iU]": "u[IU]",
    "msec": "ms",
    "sec": "s",
    "hr": "h",
    "hour": "h",
    "hours": "h",
    "day": "d",
    "days": "d",
    "24h": "d",
    "(24.h)": "d",
    "weeks": "wk",
    "months": "mo",
    "years": "a",
    "lb": "[lb_av]",
    "lbs": "[lb_av]",
    "in": "[in_i]",
}

_CAPITALS = {
    **{
        one.upper(): one for one in ("g", "kg", "mg", "ug", "ng", "pg", "mol", "mmol", "umol", "nmol", "pmol")
    },
    **{one.upper(): one for one in ("dL", "mL", "uL", "mm", "cm", "min")},
    "MCG": "ug",
    "MIU": "m[IU]",
    "UIU": "u[IU]",
    "HR": "h",
}


@lru_cache(maxsize=4096)  # bounded: a hostile client must not fill the memory with units
def ucum(spelt: str) -> str:
    """The UCUM spelling of a unit; one that is not known comes back as it was, without spaces."""
    tidy = spelt.translate(_SIGNS)
    whole = _WHOLE.get(tidy.lower())
    if whole is not None:
        return whole
    capitals = _CAPITALS if tidy.isupper() else {}
    return "/".join(_PARTS.get(part) or capitals.get(part, part) for part in tidy.split("/"))
