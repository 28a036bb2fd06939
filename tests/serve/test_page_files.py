"""The files of the page as a browser is given them: their kinds, their headers, what holds them together."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import pytest

from painresponse.scoring.scorer import NOTICE, SYNTHETIC_NOTICE
from painresponse_serve.histories import decode
from painresponse_serve.pages import FOLDER, START, read_files
from tests.serve.conftest import Server

FILES = sorted(name for name in read_files() if name != START)
SCRIPTS = [name for name in FILES if name.endswith(".js")]
EXAMPLES = [name for name in FILES if name.endswith(".json")]
ROOT = Path(__file__).parents[2]


def address(name: str) -> str:
    return "/" if name == START else f"/page/{name}"


def got(server: Server, path: str, **headers: str) -> httpx.Response:
    with server.client() as client:
        return client.get(path, headers=headers)


@pytest.mark.parametrize("name", [START, *FILES])
def test_every_file_comes_with_the_strict_policy_and_its_kind(server: Server, name: str):
    response = got(server, address(name))
    assert response.status_code == 200
    assert response.headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    kinds = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
    assert response.headers["content-type"].partition(";")[0] == kinds.get(
        Path(name).suffix, "application/json"
    )


@pytest.mark.parametrize("name", [START, "page.js"])
def test_a_file_that_has_not_changed_is_not_sent_again(server: Server, name: str):
    first = got(server, address(name))
    assert first.headers["cache-control"] == "no-cache"
    again = got(server, address(name), **{"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert got(server, address(name), **{"if-none-match": '"another"'}).content == first.content


@pytest.mark.parametrize(
    "path", ["nothing.js", "", "..%2fpages.py", "%2e%2e/pages.py", "../pages.py", "/etc/passwd", "index.html"]
)
def test_nothing_else_is_served(server: Server, path: str):
    assert got(server, f"/page/{path}").status_code == 404


def test_the_notices_are_in_the_page_before_any_script_runs(server: Server):
    assert f'<p class="synthetic">{SYNTHETIC_NOTICE}</p><p>{NOTICE}</p>' in got(server, "/").text


def test_no_file_names_another_host_or_holds_script_or_style_within_the_markup():
    for name, content in read_files().items():
        hosts = re.findall(r"https?://[^\"'\s)]+", content.decode())
        assert set(hosts) <= {"http://www.w3.org/2000/svg"}, name
    markup = read_files()[START].decode()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", markup)


def test_nothing_is_kept_in_the_browser():
    scripts = "".join(read_files()[name].decode() for name in SCRIPTS)
    kept = r"localStorage|sessionStorage|indexedDB|document\.cookie|history\.(push|replace)"
    assert not re.search(kept, scripts)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", scripts)


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_stay_small(name: str):
    lines = read_files()[name].decode().splitlines()
    assert len(lines) < 200
    assert max(map(len, lines)) <= 115


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_histories_and_nobody_is_named(name: str):
    history = decode(read_files()[name], events=1000, patients=1)
    assert history.interventions
    assert set(json.loads(read_files()[name])) == {"index", "interventions", "events"}


def test_every_example_has_its_button():
    offered = set(re.findall(r'^  "([\w-]+)": \[', read_files()["examples.js"].decode(), re.MULTILINE))
    assert {f"examples/{name}.json" for name in offered} == set(EXAMPLES)


def test_the_wheel_carries_every_file(tmp_path: Path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    assert {f"painresponse_serve/page/{name}" for name in read_files()} <= packed


def test_every_file_in_the_folder_is_of_a_known_kind():
    assert {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()} == set(
        read_files()
    )
