"""What the server allows, from a file, the environment and the call; the later stands above the earlier."""

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

import pytest

from painresponse.clinic.catalogue import packaged
from painresponse.errors import DefinitionError
from painresponse_serve.settings import Settings, load_settings
from tests.serve.test_process import started


def settings(text: str = "", tmp_path: Path | None = None, **how: Any) -> Settings:
    """As a server would have them, of this file and these variables and nothing of ours."""
    path = None
    if tmp_path:
        path = tmp_path / "site.toml"
        path.write_text(text)
    return load_settings(path, **{"environment": {}, **how})


def refused(**how: Any) -> str:
    with pytest.raises(DefinitionError) as why:
        settings(**how)
    return str(why.value)


def env(**variables: str) -> dict[str, str]:
    return {f"PAINRESPONSE_SERVE_{name}": text for name, text in variables.items()}


def test_the_packaged_file_says_every_setting_there_is():
    """What is left out there nobody finds; issuers alone have no default that could be shown."""
    plain = tomllib.loads((packaged() / "serving.toml").read_text())
    assert unsaid(settings(), plain) == {"access.issuers"}


def unsaid(built: Any, plain: dict[str, Any], place: str = "") -> set[str]:
    """The fields of dataclasses that a table does not say."""
    found = set()
    for field in dataclasses.fields(built):
        value, name = getattr(built, field.name), f"{place}{field.name}"
        if field.name not in plain:
            found.add(name)
        elif dataclasses.is_dataclass(value):
            found |= unsaid(value, plain[field.name], f"{name}.")
    return found


def test_a_file_says_only_what_differs(tmp_path: Path):
    found = settings("port = 9\n[limits]\nevents = 7", tmp_path)
    assert (found.port, found.limits.events) == (9, 7)
    assert (found.host, found.limits.patients) == (settings().host, settings().limits.patients)


def test_the_environment_stands_above_the_file_and_the_call_above_both(tmp_path: Path):
    text = "port = 1\nhost = '127.0.0.1'\n[limits]\nevents = 1\npatients = 1\nrows = 1"
    variables = env(PORT="2", LIMITS__EVENTS="2", LIMITS__PATIENTS="2")
    found = settings(
        text, tmp_path, environment=variables, said={"port": 3, "limits.events": 3, "host": None}
    )
    assert (found.port, found.limits.events) == (3, 3)
    assert (found.limits.patients, found.limits.rows, found.host) == (2, 1, "127.0.0.1")


def test_a_variable_is_read_as_toml_or_as_the_text_it_is():
    found = settings(
        environment=env(
            HOST="::1",
            PORT="8_001",
            LIMITS__REQUEST_SECONDS="3",
            AUDIT='{ path = "a b", fsync = "never" }',
            SAFETY__DRIFT_ALARM="/run/alarm",
            TLS__KEY='"quoted"',
            TLS__CERTIFICATE="cert = 1\nport = 2",
        )
    )
    assert (found.host, found.port, found.limits.request_seconds) == ("::1", 8001, 3.0)
    assert (found.audit.path, found.audit.fsync, found.audit.retry_after_seconds) == ("a b", "never", 5)
    assert (found.safety.drift_alarm, found.tls.key) == ("/run/alarm", "quoted")
    assert found.tls.certificate == "cert = 1\nport = 2"


def test_issuers_can_be_said_by_a_variable():
    said = '[{ name = "a", issuer = "i", jwks = "j", audience = "us", scopes = { read = "score" } }]'
    (issuer,) = settings(environment=env(ACCESS__ISSUERS=said)).access.issuers
    assert (issuer.name, issuer.scopes, issuer.who) == ("a", {"read": "score"}, "sub")


def test_other_variables_are_not_ours():
    assert (
        settings(environment={"PORT": "1", "PAINRESPONSE_PORT": "1", "painresponse_serve_port": "1"})
        == settings()
    )


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        (env(PROT="1"), "Unknown setting 'prot'. Did you mean 'port'?"),
        (env(LIMITS__EVENT="1"), "serving.toml.limits: Unknown setting 'event'. Did you mean 'events'?"),
        (env(LIMIT__EVENTS="1"), "Unknown setting 'limit'. Did you mean 'limits'?"),
        (env(LIMITS_EVENTS="1"), "Unknown setting 'limits_events'"),
        (env(PORT="eighty"), "port must be a whole number, not text"),
        (env(PORT="true"), "port must be a whole number, not true or false"),
        (env(PORT="80.5"), "port must be a whole number, not a number"),
        (env(PORT=""), "port must be a whole number, not text"),
        (env(PORT="-1"), "port must lie between 0 (any free one) and 65535"),
        (env(PORT="65536"), "port must lie between 0 (any free one) and 65535"),
        (env(HOST="7"), "host must be text, not a whole number"),
        (env(LIMITS="3"), "limits must be a table, not a whole number"),
        (env(LIMITS__EVENTS__MOST="3"), "events must be a whole number, not a table"),
        (env(LIMITS__CONCURRENT="0"), "concurrent must be more than 0"),
        (env(LIMITS__REQUEST_SECONDS="-0.5"), "request_seconds must be more than 0"),
        (env(ACCESS__LEEWAY_SECONDS="301"), "leeway_seconds must lie between 0 and 300"),
        (env(ACCESS__ISSUERS="x"), "issuers must be a list, not text"),
        (env(LIMITS="3", LIMITS__EVENTS="3"), "PAINRESPONSE_SERVE_LIMITS gives a value to what another"),
        (
            env(LIMITS__EVENTS="3", LIMITS__EVENTS__MOST="3"),
            "PAINRESPONSE_SERVE_LIMITS__EVENTS gives a value",
        ),
    ],
    ids=str,
)
def test_a_strange_variable_is_refused_with_what_would_do(variables: dict[str, str], words: str):
    assert words in refused(environment=variables)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prot = 1", "site.toml: Unknown setting 'prot'. Did you mean 'port'?"),
        ("[limits]\nevents = '7'", "site.toml.limits.events must be a whole number, not text"),
        ("limits = 3", "site.toml.limits must be a table, not a whole number"),
        ("[port]\nx = 1", "site.toml.port must be a whole number, not a table"),
        ("port = ", "site.toml is not valid TOML"),
    ],
)
def test_a_strange_file_is_refused_with_its_name(tmp_path: Path, text: str, words: str):
    assert words in refused(text=text, tmp_path=tmp_path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(DefinitionError, match=r"There is no configuration file .*none\.toml"):
        load_settings(tmp_path / "none.toml")


def test_a_server_obeys_its_environment(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PAINRESPONSE_SERVE_LIMITS__EVENTZ", "7")
    ended = started(tiny_bundle, "--allow-synthetic", "--port", "0")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "Did you mean 'events'?" in ended.stderr
