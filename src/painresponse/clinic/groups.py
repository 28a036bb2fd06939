"""Groups of patients as groups.toml declares them: a patient belongs to the first label that fits."""

from collections.abc import Mapping

from painresponse.clinic.catalogue import packaged
from painresponse.settings import load


def declared_groups() -> dict[str, dict[str, str]]:
    """By grouping, the labels with their sentences; an empty one takes whoever is left."""
    return load(packaged() / "groups.toml")


def first_of(labels: Mapping[str, str], label: str) -> str:
    """The sentence of a label whose patients belong to none of the labels before it."""
    names = list(labels)
    before = " and ".join(f"({labels[one]})" for one in names[: names.index(label)])
    if not before:
        return labels[label]
    return f"all of ({labels[label]}) and (whether (how many of {before}) is below 1)"
