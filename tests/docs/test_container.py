"""The development container is a machine as CI makes one."""

import json
import re

from tests.docs.blocks import ROOT

FOLDER = ROOT / ".devcontainer"
OWN = {"git"}
"""What a developer needs and CI brings along."""


def installed_by_ci() -> set[str]:
    """The packages of ``.ci/run``, those it adds only where they are missing included."""
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    return set(" ".join(re.findall(r'packages="(?:\$packages )?([^"]+)"', text)).split())


def installed_by_the_container() -> set[str]:
    """The words of its ``apt-get install`` that are no options."""
    text = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
    words = re.search(r"apt-get install ([^&]+)&&", text)[1].replace("\\", " ").split()
    return {word for word in words if not word.startswith("-")}


def test_its_packages_are_those_of_ci():
    assert {"make", "postgresql", "chromium"} <= installed_by_ci()
    assert installed_by_the_container() == installed_by_ci() | OWN


def test_it_is_built_from_its_file_and_set_up_as_a_checkout_is():
    said = json.loads((FOLDER / "devcontainer.json").read_text(encoding="utf-8"))
    assert (FOLDER / said["build"]["dockerfile"]).is_file()
    assert said["postCreateCommand"] == "make setup setup-spark"


def test_it_works_without_the_rights_of_root():
    """The browser and PostgreSQL refuse to run with them, and a mistake would cost more."""
    said = json.loads((FOLDER / "devcontainer.json").read_text(encoding="utf-8"))
    user = said["remoteUser"]
    assert user != "root" and f"USER {user}" in (FOLDER / "Dockerfile").read_text(encoding="utf-8")
