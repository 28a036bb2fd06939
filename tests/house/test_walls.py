"""Imports point down, heavy libraries stay behind one door, and nobody but the simulator knows the truth."""

import sys

import pytest

from tests.lib.source import functions, imports, layer_of, modules, ours

LIGHT = (
    "errors",
    "schema",
    "settings",
    "markup",
    "concepts",
    "language",
    "records",
    "engine",
    "clinic",
    "scoring",
)
"""Lowest first."""

ABOVE = (
    "publishing",
    "readers",
    "export",
    "simulate",
    "evaluation",
    "training",
    "validation",
    "tracking",
    "report",
    "pipeline",
    "clinics",
    "monitoring",
)
APART = {
    ("records", "language"),
    ("scoring", "clinic"),  # a deployed model must not change because the catalogue did
    ("readers", "simulate"),
    ("training", "simulate"),
    ("tracking", "simulate"),
    ("report", "simulate"),
    ("pipeline", "simulate"),
    ("export", "simulate"),
    ("export", "training"),
    ("training", "tracking"),
    ("training", "validation"),
    ("evaluation", "training"),  # what predictions are worth does not depend on who made them
    ("evaluation", "simulate"),
    ("validation", "simulate"),
    ("clinics", "simulate"),
    ("monitoring", "simulate"),
    ("tracking", "training"),
    ("training", "readers"),
}
LIBRARIES = {"numpy", "onnxruntime"}
SERVER_LIBRARIES = {
    "cryptography",
    "fastapi",
    "httptools",
    "jwt",
    "msgspec",
    "prometheus_client",
    "starlette",
    "swagger_ui_bundle",
    "uvicorn",
    "uvloop",
}


def of_layer(layer: str) -> dict[str, set[str]]:
    """Everything a layer's modules import, by module."""
    return {name: set(imports(tree)) for name, tree in modules().items() if layer_of(name) == layer}


def layers_imported_by(layer: str) -> set[str]:
    """The other layers of the project it imports."""
    names = {one for found in of_layer(layer).values() for one in ours(iter(found))}
    return {layer_of(one) for one in names} - {layer, "painresponse"}


def outside_imported_by(layer: str) -> set[str]:
    """The libraries it imports, without the standard one."""
    tops = {one.split(".")[0] for found in of_layer(layer).values() for one in found}
    return tops - set(sys.stdlib_module_names) - {"painresponse", "painresponse_serve", ""}


@pytest.mark.parametrize("layer", LIGHT)
def test_imports_of_the_light_side_only_point_down(layer):
    assert of_layer(layer), f"there is no layer {layer}"
    assert layers_imported_by(layer) <= set(LIGHT[: LIGHT.index(layer)])


@pytest.mark.parametrize(("layer", "other"), sorted(APART))
def test_layers_that_must_not_know_each_other_do_not(layer, other):
    assert of_layer(layer), f"there is no layer {layer}"
    assert other not in layers_imported_by(layer)


@pytest.mark.parametrize("layer", ABOVE)
def test_nothing_above_imports_the_commands_or_the_server(layer):
    assert layers_imported_by(layer).isdisjoint({"commands", "painresponse_serve", "__main__"})


def test_no_two_layers_import_each_other():
    layers = {layer_of(name) for name in modules()}
    above = {layer: layers_imported_by(layer) for layer in layers}

    def reach(layer: str, seen: frozenset[str]) -> set[str]:
        return set().union(*({one} | reach(one, seen | {one}) for one in above.get(layer, set()) - seen))

    assert [layer for layer in sorted(layers) if layer in reach(layer, frozenset())] == []


def test_the_server_imports_only_the_light_side():
    assert layers_imported_by("painresponse_serve") <= {*LIGHT, "publishing"}
    assert outside_imported_by("painresponse_serve") <= LIBRARIES | SERVER_LIBRARIES


@pytest.mark.parametrize(
    ("layer", "allowed"),
    [
        *(
            (layer, set())
            for layer in ("errors", "schema", "settings", "markup", "concepts", "language", "clinic")
        ),
        ("publishing", set()),
        ("records", {"numpy"}),
        ("engine", {"numpy"}),
        (
            "scoring",
            LIBRARIES | {"cryptography", "matplotlib"},
        ),  # the two only when asked: test_light_import.py
    ],
)
def test_the_light_side_needs_nothing_heavy(layer, allowed):
    assert outside_imported_by(layer) <= allowed


def test_publishing_rests_on_the_standard_library_and_the_errors():
    assert layers_imported_by("publishing") == {"errors"}


@pytest.mark.parametrize(
    ("library", "home"),
    [("mlflow", "tracking"), ("pyspark", "spark"), ("typer", "commands"), ("rich", "commands")],
)
def test_a_library_stays_behind_its_one_door(library, home):
    users = {layer_of(name) for name, tree in modules().items() if library in _tops(tree)}
    assert users == {home}


def _tops(tree):
    return {one.split(".")[0] for one in imports(tree)}


def test_only_the_simulator_and_the_commands_can_reach_the_truth():
    """Whoever fits, reads, exports or tracks cannot even import what knows the answers."""
    users = {
        layer_of(name)
        for name, tree in modules().items()
        if any(one.startswith("painresponse.simulate") for one in imports(tree))
    }
    assert users <= {"simulate", "commands"}


def test_project_modules_are_imported_at_the_top_of_a_module_and_nowhere_else():
    """Commands may import late, so that --help is quick; elsewhere a late import would hide a loop."""
    hidden = [
        (name, function.name)
        for name, tree in modules().items()
        if layer_of(name) != "commands"
        for function in functions(tree)
        if ours(imports(function))
    ]
    assert hidden == []


def test_imports_name_their_module_in_full():
    relative = [name for name, tree in modules().items() if any(one.startswith(".") for one in imports(tree))]
    assert relative == []
