"""The audit log: a line for each answer before it leaves, whatever becomes of the process or the disk."""

import json
import os
import resource
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from painresponse.errors import DefinitionError, WorkError
from painresponse_serve import audit as module
from painresponse_serve.audit import Audit, AuditLog, Entry
from painresponse_serve.chain import NOTHING_BEFORE, check_audit
from painresponse_serve.complaints import RequestError
from painresponse_serve.settings import load_settings
from tests.serve.conftest import Server, eventually, running
from tests.serve.patients import event, patient
from tests.serve.test_logs import CANARY, requests_with_canaries
from tests.serve.test_process import started

ENTRY = Entry("clinic", "/v1/score", {"tiny": "0" * 64}, b"{}", 1, {"rfa": {"ok": 1}})


@contextmanager
def recording(bundle: Path, folder: Path, path: Path | None = None, **said: Any) -> Iterator[Server]:
    """A server that writes an audit log, ``audit`` in the folder unless that is said."""
    folder.mkdir(exist_ok=True)
    with running(bundle, folder, tables={"audit": {"path": str(path or folder / "audit"), **said}}) as server:
        yield server


def entries(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def ended(server: Server) -> str:
    """What a server wrote, after it was told to stop."""
    server.process.terminate()
    server.process.wait(30)
    return server.output.read_text()


# What is written.


@pytest.fixture(scope="module")
def recorded(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with recording(tiny_bundle, tmp_path_factory.mktemp("recorded")) as server:
        yield server


def line_of(server: Server, body: Any) -> tuple[httpx.Response, list[dict[str, Any]]]:
    """An answer, and the lines that were written before it came."""
    path = server.output.parent / "audit"
    before = len(path.read_text().splitlines())
    response = server.post(body)
    return response, entries(path)[before:]


def test_an_answer_leaves_a_line_that_says_who_asked_what_of_which_model(recorded: Server, scorer: Any):
    body = json.dumps(patient(targets=["rfa", "cbt"])).encode()
    response, (line,) = line_of(recorded, body)
    assert response.status_code == 200
    assert time.strptime(line.pop("time"), "%Y-%m-%dT%H:%M:%S.%fZ")
    assert len(line.pop("previous")) == 64
    assert line == {
        "who": "local",
        "route": "/v1/score",
        "models": {"tiny": scorer.bundle.digest},
        "input": sha256(body).hexdigest(),
        "patients": 1,
        "outcomes": {"rfa": {"ok": 1}, "cbt": {"ok": 1}},
    }


def test_a_refusal_of_every_model_is_an_answer_too(recorded: Server):
    response, (line,) = line_of(recorded, patient(age=9))
    assert response.status_code == 422
    assert set(map(str, line["outcomes"].values())) == {"{'R01_AGE': 1}"}


def test_several_patients_are_one_line_and_are_counted_by_code(recorded: Server):
    one = patient(targets=["rfa"])
    _, (line,) = line_of(recorded, [one, patient(age=9, targets=["rfa"]), one])
    assert (line["patients"], line["outcomes"]) == (3, {"rfa": {"ok": 2, "R01_AGE": 1}})


@pytest.mark.parametrize("body", [b"{", b"[]", json.dumps(patient(targets=["none"])).encode()])
def test_what_is_not_answered_leaves_no_line(recorded: Server, body: bytes):
    response, written = line_of(recorded, body)
    assert response.status_code in (400, 422)
    assert written == []


def test_nothing_of_a_patient_is_in_it(recorded: Server):
    asked = [*requests_with_canaries(), patient(event("PR//crp", 3, 46.13751), targets=["rfa"])]
    probabilities = []
    for body in asked:
        answer = recorded.post(body).json()
        probabilities += [str(one["probability"]) for one in answer.get("scores", []) if "probability" in one]
    written = (recorded.output.parent / "audit").read_text()
    assert probabilities
    for part in (CANARY, "46.13", "4.613751", "PR//", "LOINC", "2026-03-01", *probabilities):
        assert part not in written


def test_its_chain_holds_from_the_first_line_to_the_last(recorded: Server):
    recorded.post(patient())
    path = recorded.output.parent / "audit"
    verdict = check_audit(path)
    assert (verdict.lines, verdict.broken, verdict.torn) == (len(entries(path)), None, False)
    assert verdict.after == NOTHING_BEFORE
    assert verdict.last == sha256(path.read_bytes().splitlines()[-1]).hexdigest()


def test_a_log_is_not_for_everybody_to_read(recorded: Server):
    assert (recorded.output.parent / "audit").stat().st_mode & 0o007 == 0


# Several processes, files renamed away, processes killed.


def posted(client: httpx.Client) -> int:
    """The status of a good question; one client for many of them, since a new one takes its time."""
    headers = {"content-type": "application/json"}
    return client.post("/v1/score", content=json.dumps(patient()).encode(), headers=headers).status_code


def lines_in(path: Path) -> int:
    return path.read_bytes().count(b"\n")


def test_two_servers_write_one_log_which_may_be_renamed_meanwhile(tiny_bundle: Path, tmp_path: Path):
    path, old = tmp_path / "audit", tmp_path / "audit.1"
    with (
        recording(tiny_bundle, tmp_path / "one", path) as one,
        recording(tiny_bundle, tmp_path / "two", path) as two,
        one.client() as first,
        two.client() as second,
        ThreadPoolExecutor(4) as threads,
    ):
        asked = [threads.submit(posted, client) for _ in range(60) for client in (first, second)]
        eventually(lambda: lines_in(path) > 20)
        path.rename(old)
        assert {one.result() for one in asked} == {200}
        assert posted(first) == posted(second) == 200
        assert '"level":"error"' not in ended(one) + ended(two)
    before, after = check_audit(old), check_audit(path, after=check_audit(old).last)
    assert (before.broken, after.broken) == (None, None)
    assert before.lines + after.lines == 122
    assert min(before.lines, after.lines) > 2


def recorded_once(path: Path) -> None:
    """What a server does that starts, answers once and stops."""
    log = AuditLog(Audit(str(path)))
    log.record(ENTRY)
    log.close()


def test_a_log_goes_on_where_it_ended_after_a_restart(tmp_path: Path):
    for lines in (1, 2, 3):
        recorded_once(tmp_path / "audit")
        verdict = check_audit(tmp_path / "audit")
        assert (verdict.lines, verdict.broken) == (lines, None)


def test_killed_at_work_it_leaves_a_chain_that_holds_every_answer_given(tiny_bundle: Path, tmp_path: Path):
    def answered(client: httpx.Client) -> int:
        for count in range(100_000):
            try:
                posted(client)
            except httpx.TransportError:
                return count
        raise AssertionError("it was not killed")

    with (
        recording(tiny_bundle, tmp_path) as server,
        server.client() as client,
        ThreadPoolExecutor(4) as threads,
    ):
        counts = [threads.submit(answered, client) for _ in range(4)]
        eventually(lambda: lines_in(tmp_path / "audit") > 100)
        server.process.kill()
        total = sum(one.result() for one in counts)
    verdict = check_audit(tmp_path / "audit")
    assert verdict.broken is None
    assert 90 < total <= verdict.lines


@pytest.mark.parametrize("torn", [b'{"time":"2026', b"{", b"\xff\x00", b"a\nb", b"x" * 9000])
def test_a_line_torn_by_a_kill_is_closed_off_by_a_line_that_says_so(tmp_path: Path, torn: bytes):
    path = tmp_path / "audit"
    recorded_once(path)
    with path.open("ab") as file:
        file.write(torn)
    before = check_audit(path)
    assert (before.lines, before.broken, before.torn) == (1, None, True)
    recorded_once(path)
    first, *left, note, _ = path.read_bytes().splitlines()
    said = json.loads(note)
    assert left == torn.splitlines()
    assert (said["torn"], said["previous"]) == (len(torn), sha256(torn).hexdigest())
    assert said["before"] == sha256(first).hexdigest()
    after = check_audit(path)
    assert (after.lines, after.broken, after.torn) == (len(left) + 3, None, False)


def test_a_server_that_closes_off_a_torn_line_says_so_and_serves(tiny_bundle: Path, tmp_path: Path):
    (tmp_path / "audit").write_bytes(b'{"time"')
    with recording(tiny_bundle, tmp_path) as server:
        assert server.post(patient()).status_code == 200
        events = [json.loads(line)["event"] for line in ended(server).splitlines()]
    assert events[:2] == ["audit_line_torn", "listening"]
    assert check_audit(tmp_path / "audit", after=NOTHING_BEFORE).broken is None


def test_a_line_that_lacks_only_its_end_is_kept(tmp_path: Path):
    path = tmp_path / "audit"
    for _ in range(2):
        recorded_once(path)
        path.write_bytes(path.read_bytes().removesuffix(b"\n"))
    verdict = check_audit(path)
    assert (verdict.lines, verdict.broken, verdict.torn) == (3, None, False)


def test_a_log_cut_shorter_under_a_running_server_is_reported(tiny_bundle: Path, tmp_path: Path):
    with recording(tiny_bundle, tmp_path) as server:
        server.post(patient())
        (tmp_path / "audit").write_bytes(b"")
        assert server.post(patient()).status_code == 200
        assert '"event":"audit_log_shortened"' in ended(server)
    assert check_audit(tmp_path / "audit", after=NOTHING_BEFORE).broken == 1


# When it cannot be written.


def test_without_a_path_there_is_no_log(server: Server):
    assert server.post(patient()).status_code == 200
    assert not (server.output.parent / "audit").exists()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("none/audit", "No such file or directory"),
        ("folder", "Is a directory"),
        ("other", "it does not end as an audit log does"),
    ],
)
def test_a_path_that_cannot_be_written_is_refused_with_a_cure(tmp_path: Path, name: str, reason: str):
    (tmp_path / "folder").mkdir()
    (tmp_path / "other").write_text("notes of somebody\n")
    with pytest.raises(WorkError) as refused:
        AuditLog(Audit(str(tmp_path / name)))
    assert str(refused.value) == (
        f"Cannot write the audit log {tmp_path / name}: {reason}. No answer may leave unrecorded: "
        "name a file under [audit] that the server may write, on a disk with room."
    )
    assert (tmp_path / "other").read_text() == "notes of somebody\n"


def test_a_server_that_could_record_nothing_does_not_start(tiny_bundle: Path, tmp_path: Path):
    path = tmp_path / "none" / "audit"
    done = started(tiny_bundle, "--allow-synthetic", "--port", "0", "--audit-path", path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Cannot write the audit log {path}: No such file or directory.")


def test_what_cannot_be_recorded_is_not_answered(tiny_bundle: Path, tmp_path: Path):
    """The kernel lets the server write some more bytes and no more, then as many as it likes again."""
    path = tmp_path / "audit"
    log = AuditLog(Audit(str(path), fsync="never"))
    for _ in range(300):  # far longer than what the server prints, which may not fail as well
        log.record(ENTRY)
    log.close()
    with recording(tiny_bundle, tmp_path, retry_after_seconds=7) as server:
        assert server.post(patient()).status_code == 200
        size = path.stat().st_size
        limit(server, size + 40)
        refused = [server.post(patient()) for _ in range(2)]
        assert path.stat().st_size == size
        with server.client() as client:
            assert client.get("/readyz").status_code == 200
        limit(server, resource.RLIM_INFINITY)
        assert server.post(patient()).status_code == 200
    assert {one.status_code for one in refused} == {503}
    assert {one.headers["retry-after"] for one in refused} == {"7"}
    assert refused[0].json()["error"]["code"] == "not_recorded"
    assert "scores" not in refused[0].text
    verdict = check_audit(path)
    assert (verdict.lines, verdict.broken, verdict.torn) == (302, None, False)
    assert server.output.read_text().count('"event":"not_recorded"') == 2


def limit(server: Server, size: int) -> None:
    """No file the server writes may grow beyond so many bytes."""
    _, most = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, most))


def test_where_the_folder_is_gone_nothing_is_answered_until_it_is_back(tiny_bundle: Path, tmp_path: Path):
    folder = tmp_path / "logs"
    folder.mkdir()
    with recording(tiny_bundle, tmp_path, folder / "audit") as server:
        assert server.post(patient()).status_code == 200
        folder.rename(tmp_path / "away")
        assert server.post(patient()).status_code == 503
        folder.mkdir()
        assert server.post(patient()).status_code == 200
        first, second = check_audit(tmp_path / "away" / "audit"), check_audit(folder / "audit")
    assert (second.after, second.lines) == (first.last, 1)


# When it is on the disk.


@pytest.fixture
def forced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The files forced onto the disk, as they are."""
    files, honest = [], os.fsync

    def fsync(file: int) -> None:
        files.append(file)
        honest(file)

    monkeypatch.setattr(module.os, "fsync", fsync)
    return files


@contextmanager
def opened(path: Path, forced: list[int], fsync: str) -> Iterator[AuditLog]:
    log = AuditLog(Audit(str(path), fsync))
    forced.clear()
    yield log
    log.close()


def test_always_forces_each_line_before_its_answer(tmp_path: Path, forced: list[int]):
    with opened(tmp_path / "audit", forced, "always") as log:
        for lines in (1, 2, 3):
            log.record(ENTRY)
            assert len(forced) == lines


def test_every_second_forces_what_came_since(tmp_path: Path, forced: list[int]):
    with opened(tmp_path / "audit", forced, "second") as log:
        for _ in range(50):
            log.record(ENTRY)
        assert forced == []
        eventually(lambda: forced)
        time.sleep(1.1)
        assert len(forced) == 1


def test_never_leaves_it_to_the_system_until_the_end(tmp_path: Path, forced: list[int]):
    with opened(tmp_path / "audit", forced, "never") as log:
        log.record(ENTRY)
        assert forced == []
    assert len(forced) == 1


def test_a_disk_that_fails_under_a_line_refuses_its_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with opened(tmp_path / "audit", [], "always") as log, monkeypatch.context() as patch:
        patch.setattr(module.os, "fsync", lambda file: os.fstat(-1))
        with pytest.raises(RequestError) as refused:
            log.record(ENTRY)
        assert refused.value.status == 503


@pytest.mark.parametrize("policy", ["second", "never"])
def test_a_disk_that_fails_later_is_reported_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, policy: str
):
    log = AuditLog(Audit(str(tmp_path / "audit"), policy))
    monkeypatch.setattr(module.os, "fsync", lambda file: os.fstat(-1))
    log.record(ENTRY)
    log.close()
    assert "audit_not_on_disk" in [record.message for record in caplog.records]


def test_another_policy_is_refused_with_those_there_are():
    with pytest.raises(DefinitionError, match="fsync must be one of always, second, never"):
        load_settings(said={"audit.fsync": "sometimes"}, environment={})


def test_an_answer_that_waits_for_the_disk_is_recorded_too(tiny_bundle: Path, tmp_path: Path):
    with recording(tiny_bundle, tmp_path, fsync="always") as server:
        assert server.post(patient()).status_code == 200
        assert len(entries(tmp_path / "audit")) == 1
