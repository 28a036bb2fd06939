"""A full disk under the audit log: what cannot be recorded is not answered, until there is room again."""

import json
from pathlib import Path

import pytest

from painresponse_serve.chain import check_audit
from tests.lib.disks import small_disk
from tests.serve.conftest import Server, running
from tests.serve.patients import patient

pytestmark = pytest.mark.slow


def answered(server: Server) -> bool:
    """Whether a patient is answered; if not, it must be for want of room alone."""
    response = server.post(patient())
    if response.status_code == 200:
        return True
    assert (response.status_code, response.json()["error"]["code"]) == (503, "not_recorded")
    assert response.headers["retry-after"] == "7"
    assert "probability" not in response.text
    return False


def test_on_a_full_disk_nothing_is_answered_and_with_room_again_everything_is(
    tiny_bundle: Path, tmp_path: Path
):
    with small_disk(tmp_path, "64k") as disk:
        audit = {"path": str(disk / "audit"), "retry_after_seconds": 7}
        (disk / "other").write_bytes(b"x" * 40_000)
        with running(tiny_bundle, tmp_path, tables={"audit": audit}) as server:
            given = 0
            while answered(server):
                given += 1
            assert 0 < given < 64_000
            assert not any(answered(server) for _ in range(5))
            with server.client() as client:
                assert client.get("/readyz").status_code == 200  # it has a bundle; the log says what it lacks
            (disk / "other").unlink()
            assert all(answered(server) for _ in range(5))
            server.process.terminate()
            assert server.process.wait(30) == 0
        lines = (disk / "audit").read_bytes().splitlines()
        assert len(lines) == given + 5
        verdict = check_audit(disk / "audit")
        assert (verdict.lines, verdict.broken, verdict.torn) == (given + 5, None, False)
    reasons = [one for one in map(json.loads, server.output.read_text().splitlines()) if "reason" in one]
    assert {(one["event"], one["reason"]) for one in reasons} == {("not_recorded", "No space left on device")}


def test_on_a_disk_that_is_full_from_the_start_it_starts_and_waits_for_room(
    tiny_bundle: Path, tmp_path: Path
):
    with small_disk(tmp_path, "64k") as disk:
        (disk / "audit").touch()
        (disk / "other").write_bytes(b"x" * 65_536)
        with running(
            tiny_bundle,
            tmp_path,
            tables={"audit": {"path": str(disk / "audit"), "retry_after_seconds": 7}},
        ) as server:
            assert not answered(server)
            (disk / "other").unlink()
            assert answered(server)
            server.process.kill()
            server.process.wait(30)
        assert check_audit(disk / "audit").lines == 1
