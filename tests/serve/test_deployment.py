"""What is installed where the server runs: by the very script that the Dockerfile and the unit use."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from painresponse.errors import DefinitionError
from painresponse_serve import load_settings
from painresponse_serve.access import check_open
from tests.lib.source import ROOT
from tests.serve.conftest import PATIENCE, eventually
from tests.serve.patients import patient

HERE = ROOT / "serve"
MOST_BYTES = 200_000_000
HEAVY = ("lightgbm", "matplotlib", "mlflow", "onnx", "pandas", "pyarrow", "scipy", "sklearn")


def instructions() -> list[list[str]]:
    """The instructions of the Dockerfile, each as its words."""
    text = (HERE / "Dockerfile").read_text().replace("\\\n", " ")
    return [line.split() for line in text.splitlines() if line and not line.startswith("#")]


def last_stage() -> dict[str, list[str]]:
    """Of the stage that runs: the words of each instruction, the last one of its name."""
    every = instructions()
    begin = max(place for place, one in enumerate(every) if one[0] == "FROM")
    return {one[0]: one[1:] for one in every[begin:]}


def test_the_image_is_made_by_the_script_from_files_that_are_there():
    every = instructions()
    assert ["RUN", "sh", "/source/serve/install.sh", "/opt/painresponse"] in every
    copied = [word for one in every if one[0] == "COPY" and "--from" not in one[1] for word in one[1:-1]]
    assert all((ROOT / one).exists() for one in copied)
    let_in = (HERE / "Dockerfile.dockerignore").read_text().splitlines()
    assert {f"!{one}" for one in copied} <= set(let_in)


def test_no_key_and_no_bundle_of_a_composed_service_gets_into_the_image_or_the_repository():
    yaml = pytest.importorskip("yaml")
    (server,) = yaml.safe_load((HERE / "compose.yaml").read_text())["services"].values()
    kept_out = {f"serve/{one.split(':')[0].removeprefix('./')}" for one in server["volumes"] if one[0] == "."}
    assert kept_out == {"serve/models", "serve/settings"}
    assert kept_out <= set((HERE / "Dockerfile.dockerignore").read_text().splitlines())
    assert {f"/{one}/" for one in kept_out} <= set((ROOT / ".gitignore").read_text().splitlines())


def test_the_image_runs_as_nobody_in_particular_and_is_asked_whether_it_is_ready():
    stage = last_stage()
    assert stage["USER"] == ["10001"]
    assert stage["STOPSIGNAL"] == ["SIGTERM"]
    assert "/readyz" in " ".join(stage["HEALTHCHECK"])
    assert not any("apt" in word for one in instructions() for word in one)


def test_in_the_image_the_server_wants_access_control():
    """It has to listen to other machines there, and refuses that where everybody is let in."""
    said = dict(re.findall(r"(PAINRESPONSE_SERVE_\w+)=(\S+)", " ".join(last_stage()["ENV"])))
    settings = load_settings(environment=said)
    with pytest.raises(DefinitionError, match=r"listen on 0\.0\.0\.0 and answer anybody"):
        check_open(settings.host, settings.access)


def test_the_lock_names_the_versions_the_tests_ran_with_and_no_place_to_get_them():
    def versions(name: str) -> set[str]:
        return set(re.findall(r"^\S+==[^ ;]+", (ROOT / name).read_text(), re.MULTILINE))

    for lock in ("requirements-serve.lock", "requirements-build.lock"):
        assert versions(lock) <= versions("requirements.lock")
        assert "://" not in (ROOT / lock).read_text()
    names = {re.split(r"[\[=]", one)[0] for one in versions("requirements-serve.lock")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["serve"]]
    assert {re.split(r"[\[>=;]", one)[0] for one in wanted} <= names
    assert names.isdisjoint(HEAVY)


def test_the_composed_service_may_write_nothing_but_its_logs_and_champions():
    yaml = pytest.importorskip("yaml")
    composed = yaml.safe_load((HERE / "compose.yaml").read_text())
    (server,) = composed["services"].values()
    assert (server["read_only"], server["cap_drop"]) == (True, ["ALL"])
    assert server["security_opt"] == ["no-new-privileges:true"]
    assert server["restart"] == "always"  # a signal to reload makes "unless-stopped" forget to restart
    assert all(one.startswith("127.0.0.1:") for one in server["ports"])
    assert (HERE / server["build"]["context"] / server["build"]["dockerfile"]).samefile(HERE / "Dockerfile")
    writable = {one.split(":")[1] for one in server["volumes"] if not one.endswith(":ro")}
    made = next(one for one in instructions() if one[0] == "RUN" and "install" in one)
    assert writable == {word for word in made if word.startswith("/var/")}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_the_unit_is_sound_and_confined(tmp_path: Path):
    text = (HERE / "painresponse.service").read_text()
    unit = tmp_path / "painresponse.service"
    unit.write_text(
        text.replace("/opt/painresponse/bin/python", sys.executable).replace("=painresponse\n", "=root\n")
    )
    verified = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
    assert (verified.returncode, verified.stderr) == (0, "")
    security = ["systemd-analyze", "security", "--offline=true", "--threshold=15"]
    asked = subprocess.run([*security, HERE / "painresponse.service"], capture_output=True, text=True)
    assert asked.returncode == 0, asked.stdout[-300:]


# The script itself.


def stranger() -> list[str]:
    """The beginning of a command that is run by somebody who owns nothing here, where that can be had."""
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []


def interpreter() -> str:
    """A Python that a stranger may run."""
    for one in (str(Path(sys.executable).resolve()), "/usr/bin/python3"):
        check = [*stranger(), one, "-c", "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))"]
        if subprocess.run(check, capture_output=True).returncode == 0:
            return one
    pytest.skip("there is no Python 3.11 here that another user may run")


@pytest.fixture(scope="module")
def installed() -> Iterator[Path]:
    """A folder into which somebody careful installed the server, and which nobody may write any more."""
    python = interpreter()
    with tempfile.TemporaryDirectory() as room:
        Path(room).chmod(0o755)
        folder = Path(room) / "painresponse"
        script = ["sh", str(HERE / "install.sh"), str(folder)]
        subprocess.run(script, check=True, env={**os.environ, "PYTHON": python}, umask=0o077)
        subprocess.run(["chmod", "-R", "a-w", str(folder)], check=True)
        yield folder
        subprocess.run(["chmod", "-R", "u+w", str(folder)], check=True)


def packages(installed: Path) -> Path:
    (found,) = installed.glob("lib/python3*/site-packages")
    return found


@pytest.mark.slow
def test_what_is_installed_is_small_and_cannot_train(installed: Path):
    found = packages(installed)
    size = sum(one.stat().st_size for one in found.rglob("*") if one.is_file())
    print(f"installed packages: {size / 1e6:.0f} MB")
    assert size < MOST_BYTES
    assert [one for one in (*HEAVY, "pip", "setuptools") if (found / one).exists()] == []


@pytest.mark.slow
def test_a_stranger_starts_it_from_there_and_it_answers_and_ends(
    installed: Path, tiny_bundle: Path, tmp_path: Path
):
    room = installed.parent
    shutil.copy(tiny_bundle, room / "tiny.onnx")
    python = str(installed / "bin" / "python")
    command = [*stranger(), python, "-m", "painresponse_serve", room / "tiny.onnx", "--allow-synthetic"]
    bare = {"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    output = tmp_path / "output"
    with output.open("wb") as out:
        server = subprocess.Popen([*command, "--port", "0"], cwd="/", env=bare, stdout=out, stderr=out)
    try:
        listening = eventually(lambda: _listening(server, output))
        response = httpx.post(f"{listening['url']}/v1/score", json=patient(), timeout=PATIENCE)
        assert response.status_code == 200, response.text
        assert _healthy(python, listening["url"])
        server.terminate()
        assert server.wait(PATIENCE) == 0
        assert not _healthy(python, listening["url"])
    finally:
        server.kill()
        server.wait()
    assert "Traceback" not in output.read_text()


def _listening(server: subprocess.Popen[bytes], output: Path) -> dict[str, Any] | None:
    written = output.read_text()
    assert server.poll() is None, written
    return next(
        (json.loads(one) for one in written.splitlines(True) if '"listening"' in one and one[-1] == "\n"),
        None,
    )


def _healthy(python: str, url: str) -> bool:
    """What the image's health check says of a server at this address."""
    words = " ".join(last_stage()["HEALTHCHECK"])
    check = json.loads(words[words.index("[") :])
    assert check[:2] == ["python", "-c"]
    code = check[2].replace("http://127.0.0.1:8000", url)
    assert url in shlex.quote(code)
    return subprocess.run([python, "-c", code], capture_output=True, timeout=PATIENCE).returncode == 0
