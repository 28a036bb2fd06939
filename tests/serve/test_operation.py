"""The commands of whoever runs a server: a new key, and the chain of an audit log."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from painresponse.commands import app
from painresponse.errors import PainResponseError
from painresponse_serve.api_keys import Keys, read_keys
from painresponse_serve.audit import Audit, AuditLog
from painresponse_serve.chain import NOTHING_BEFORE, check_audit
from painresponse_serve.principals import DESCRIBE, SCOPES, SCORE
from tests.lib.disks import small_disk
from tests.serve.test_audit import ENTRY


def run(*words: object) -> Result:
    """What the command line does."""
    return CliRunner().invoke(app, list(map(str, words)))


def said(done: Result) -> str:
    """What it says, however its lines are broken."""
    return " ".join(done.stdout.split())


def complaint(done: Result) -> str:
    """What it complains of; nothing is printed then."""
    assert isinstance(done.exception, PainResponseError)
    assert done.stdout == ""
    return str(done.exception)


def test_a_key_is_made_shown_once_and_admitted(tmp_path: Path):
    path = tmp_path / "keys"
    done = run("api-key", "ward-3", "--scope", "score", "--scope", "describe", "--keys", path)
    assert done.exit_code == 0
    key, *_ = done.stdout.splitlines()
    assert done.stdout.count(key) == 1
    assert key not in path.read_text()
    found = Keys(path).principal(key)
    assert found and (found.who, found.scopes) == ("ward-3", {SCORE, DESCRIBE})
    assert path.stat().st_mode & 0o777 == 0o600


def test_without_a_file_the_line_is_printed_for_whoever_keeps_it(tmp_path: Path):
    done = run("api-key", "w" * 64, *(word for scope in SCOPES for word in ("--scope", scope)))
    key, line = done.stdout.splitlines()[0], done.stdout.splitlines()[-1]
    (tmp_path / "keys").write_text(f"{line}\n")
    assert Keys(tmp_path / "keys").principal(key)


def test_json_says_the_same_as_data(tmp_path: Path):
    done = run("api-key", "ward-3", "--scope", "score", "--keys", tmp_path / "keys", "--json")
    plain = json.loads(done.stdout)
    assert (plain["name"], plain["file"]) == ("ward-3", str(tmp_path / "keys"))
    assert (tmp_path / "keys").read_text() == plain["line"] + "\n"
    assert Keys(tmp_path / "keys").principal(plain["key"])


def test_what_cannot_be_a_key_is_refused_and_changes_nothing(tmp_path: Path):
    path = tmp_path / "keys"
    run("api-key", "ward-3", "--scope", "score", "--keys", path)
    before = path.read_text()
    for name, scope, words in (
        ("ward-3", "score", f"{path} has a key named ward-3. Choose another name"),
        ("ward-4", "scores", "Unknown scope 'scores'. Did you mean 'score'?"),
        ("ward 4", "score", "'ward 4' is no name for a key"),
    ):
        assert words in complaint(run("api-key", name, "--scope", scope, "--keys", path))
    assert run("api-key", "ward-4", "--keys", path).exit_code == 2
    assert path.read_text() == before


def test_a_damaged_file_is_not_added_to(tmp_path: Path):
    path = tmp_path / "keys"
    path.write_text("not a line of keys\n")
    assert "line 1, is not a name" in complaint(run("api-key", "ward-3", "--scope", "score", "--keys", path))
    assert path.read_text() == "not a line of keys\n"


def test_on_a_full_disk_a_key_is_added_whole_or_not_at_all(tmp_path: Path):
    with small_disk(tmp_path, "8k") as disk:
        path = disk / "keys"
        path.write_text("# " + "x" * 4050 + "\n")
        (disk / "rest").write_bytes(b"x" * 4096)
        before = path.read_text()
        done = run("api-key", "ward-3", "--scope", "score", "--keys", path)
        assert done.exit_code == 1
        assert "No space left on device. Nothing was changed." in complaint(done)
        assert path.read_text() == before
        (disk / "rest").unlink()
        assert run("api-key", "ward-3", "--scope", "score", "--keys", path).exit_code == 0
        assert [one.who for one in read_keys(path).values()] == ["ward-3"]


# The chain.


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """An audit log of three lines."""
    path = tmp_path / "audit.log"
    written = AuditLog(Audit(str(path), fsync="never"))
    for _ in range(3):
        written.record(ENTRY)
    written.close()
    return path


def test_a_sound_log_is_said_to_be_that_with_its_last_hash(log: Path):
    done = run("audit-log", log)
    assert done.exit_code == 0
    assert "3 lines, each of which follows from the one before it." in said(done)
    assert f"after {NOTHING_BEFORE}" in said(done)
    assert f"last {check_audit(log).last}" in said(done)


def test_a_changed_line_is_named_and_the_exit_code_is_1(log: Path):
    log.write_text(log.read_text().replace("clinic", "nobody", 1))
    done = run("audit-log", log)
    assert done.exit_code == 1
    assert "BROKEN. Line 2 does not follow from line 1" in said(done)
    plain = json.loads(run("audit-log", log, "--json").stdout)
    assert (plain["broken"], plain["lines"], plain["torn"]) == (2, 1, False)


def test_a_log_can_be_held_against_the_one_before_it(log: Path):
    assert run("audit-log", log, "--after", NOTHING_BEFORE).exit_code == 0
    done = run("audit-log", log, "--after", "1" * 64)
    assert done.exit_code == 1
    assert "Line 1 does not follow from what is before it" in said(done)
    assert "Give --after a hash" in complaint(run("audit-log", log, "--after", "abc"))


def test_a_torn_end_is_no_fault_and_is_said(log: Path):
    with log.open("a") as file:
        file.write('{"time"')
    done = run("audit-log", log)
    assert done.exit_code == 0
    assert "The last line was begun and not ended" in said(done)


@pytest.mark.parametrize("text", ["notes\n", "notes\nof\nsomebody", "\n" * 100_000, "[]\n{}\n"])
def test_another_file_is_no_audit_log(tmp_path: Path, text: str):
    (tmp_path / "other").write_text(text)
    assert run("audit-log", tmp_path / "other").exit_code == 1


def test_complaints_are_printed_without_a_traceback_and_end_with_their_code(tmp_path: Path):
    for words, code in (
        (("audit-log", tmp_path / "none"), 1),
        (("api-key", "ward-3", "--scope", "none"), 2),
    ):
        command = [sys.executable, "-m", "painresponse", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout) == (code, "")
        assert done.stderr.startswith("painresponse: ")
        assert done.stderr.count("\n") == 1
