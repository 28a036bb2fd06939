"""A newer bundle takes the place of an older one between two requests, or is refused and changes nothing."""

import os
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from painresponse.errors import BundleError
from painresponse.scoring.signature import new_keys, sign
from painresponse_serve.audit import NoAudit
from painresponse_serve.chain import check_audit
from painresponse_serve.exchange import Exchange
from painresponse_serve.renewal import Files
from painresponse_serve.shelf import Served, Shelf
from tests.lib.bundles import write_tiny_bundle
from tests.lib.tampering import edited
from tests.serve.conftest import eventually
from tests.serve.patients import patient
from tests.serve.renewals import answer, hang_up, lines, ready, replace, replacements, serving, told

pytestmark = pytest.mark.slow


def test_a_hangup_puts_the_newer_bundle_in_service_and_leaves_a_line_in_both_logs(
    tiny_bundle: Path, newer: Path, tmp_path: Path
):
    with serving(tiny_bundle, tmp_path) as server:
        before = answer(server)
        replace(tmp_path / "tiny.onnx", newer.read_bytes())
        assert answer(server) == before
        hang_up(server)
        after = answer(server)
        assert ready(server) == [after[0]]
        assert after[0] != before[0]
        assert after[1] != before[1]
        (renewed,) = lines(server, "renewed")
    facts = {"replaced": "tiny", "digest": after[0], "instead_of": before[0]}
    facts["source"] = str(tmp_path / "tiny.onnx")
    assert facts.items() <= renewed.items()
    (recorded,) = replacements(tmp_path)
    assert facts.items() <= recorded.items()
    assert check_audit(tmp_path / "audit").broken is None


def test_watched_files_are_read_again_when_they_change(tiny_bundle: Path, newer: Path, tmp_path: Path):
    with serving(tiny_bundle, tmp_path, tables={"renewal": {"watch_seconds": 0.05}}) as server:
        before = answer(server)
        replace(tmp_path / "tiny.onnx", newer.read_bytes())
        eventually(lambda: lines(server, "renewed"))
        assert answer(server)[0] != before[0]
        replace(tmp_path / "tiny.onnx", tiny_bundle.read_bytes())
        eventually(lambda: len(lines(server, "renewed")) == 2)
        assert answer(server) == before


def test_the_same_bundle_written_anew_is_no_news(tiny_bundle: Path, tmp_path: Path):
    with serving(tiny_bundle, tmp_path, tables={"renewal": {"watch_seconds": 0.05}}) as server:
        before = ready(server)
        replace(tmp_path / "tiny.onnx", tiny_bundle.read_bytes())
        hang_up(server)
        assert ready(server) == before
        assert lines(server, "renewed") == lines(server, "not_renewed") == []
    assert replacements(tmp_path) == []


def _damaged(data: bytes) -> bytes:
    return data[:-400] + bytes([data[-400] ^ 1]) + data[-399:]


def _drifted(metadata: dict[str, Any]) -> None:
    metadata["golden"]["probability"][0][0] += 1e-6


def _renamed(metadata: dict[str, Any]) -> None:
    metadata["name"] = "another"


SPOILT: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "damaged": (_damaged, "damaged or was edited"),
    "cut short": (lambda data: data[: len(data) // 2], "no seal was found"),
    "drifted": (lambda data: edited(data, _drifted), "golden patients"),
    "of another name": (lambda data: edited(data, _renamed), "named 'another' instead of 'tiny'"),
    "no bundle": (lambda data: b"hello", "no seal was found"),
}


@pytest.mark.parametrize("spoil", SPOILT)
def test_what_may_not_be_served_is_refused_and_the_old_one_stays(
    tiny_bundle: Path, newer: Path, tmp_path: Path, spoil: str
):
    spoilt, words = SPOILT[spoil]
    with serving(tiny_bundle, tmp_path) as server:
        before = answer(server)
        replace(tmp_path / "tiny.onnx", spoilt(newer.read_bytes()))
        hang_up(server)
        (refused,) = lines(server, "not_renewed")
        assert refused["level"] == "error"
        assert words in refused["reason"]
        assert ready(server) == [before[0]]
        assert answer(server) == before
    assert replacements(tmp_path) == []


def test_a_watched_file_that_was_refused_is_not_tried_again_until_it_changes(
    tiny_bundle: Path, newer: Path, tmp_path: Path
):
    with serving(tiny_bundle, tmp_path, tables={"renewal": {"watch_seconds": 0.02}}) as server:
        (tmp_path / "tiny.onnx").unlink()
        eventually(lambda: lines(server, "not_renewed"))
        time.sleep(0.2)
        assert len(lines(server, "not_renewed")) == 1
        replace(tmp_path / "tiny.onnx", newer.read_bytes())
        eventually(lambda: lines(server, "renewed"))


def test_where_a_signature_is_required_a_newer_bundle_needs_one_too(
    tiny_bundle: Path, newer: Path, tmp_path: Path
):
    private, public = new_keys()
    (tmp_path / "private.pem").write_bytes(private)
    (tmp_path / "public.pem").write_bytes(public)
    signed = tmp_path / "signed.onnx"
    signed.write_bytes(sign(tiny_bundle.read_bytes(), tmp_path / "private.pem"))
    with serving(signed, tmp_path, more=("--trusted-key", tmp_path / "public.pem")) as server:
        before = answer(server)
        replace(tmp_path / "tiny.onnx", newer.read_bytes())
        hang_up(server)
        assert "not signed" in lines(server, "not_renewed")[0]["reason"]
        assert answer(server) == before
        replace(tmp_path / "tiny.onnx", sign(newer.read_bytes(), tmp_path / "private.pem"))
        hang_up(server)
        assert answer(server)[0] != before[0]


def test_a_bundle_of_simulated_patients_does_not_come_in_by_the_back_door(
    tiny_bundle: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    path = tmp_path / "tiny.onnx"
    write_tiny_bundle(path, kind="clinic")
    shelf = Shelf([Served.open(path)])
    replace(path, tiny_bundle.read_bytes())
    Files(Exchange(shelf, NoAudit(), Served.open), 0).look(asked=False)
    assert not shelf.pick().bundle.synthetic
    assert "R08_MODEL_SYNTHETIC" in caplog.records[-1].fields["reason"]


def test_of_several_bundles_one_is_replaced_and_the_others_stay(
    tiny_bundle: Path, newer: Path, tmp_path: Path
):
    other = tmp_path / "other.onnx"
    write_tiny_bundle(other, noise=20)
    with serving(tiny_bundle, tmp_path, more=(other,)) as server:
        before = ready(server)
        replace(tmp_path / "tiny.onnx", newer.read_bytes())
        hang_up(server)
        after = ready(server)
        assert (after[0] == before[0], after[1] == before[1]) == (False, True)


def test_a_bundle_may_not_take_the_place_of_one_that_is_read_from_another_file(
    tiny_bundle: Path, tmp_path: Path
):
    other = tmp_path / "other.onnx"
    write_tiny_bundle(other, noise=20)
    shelf = Shelf([Served.open(other, allow_synthetic=True), Served.open(tiny_bundle, allow_synthetic=True)])
    files = Files(Exchange(shelf, NoAudit(), partial(Served.open, allow_synthetic=True)), 0)
    before = [one.bundle.digest for one in shelf]
    replace(other, edited(other.read_bytes(), lambda metadata: {**metadata, "name": "tiny"}))
    files.look(asked=True)
    assert [one.bundle.digest for one in shelf] == before


def test_what_is_offered_under_a_name_that_is_not_served_is_refused(tiny_bundle: Path, tmp_path: Path):
    other = tmp_path / "other.onnx"
    write_tiny_bundle(other)
    opened = partial(Served.open, allow_synthetic=True)
    with pytest.raises(BundleError, match="'other'; in service: tiny"):
        Exchange(Shelf([opened(tiny_bundle)]), NoAudit(), opened).put(opened(other), "somewhere")


def test_an_exchange_that_cannot_be_recorded_does_not_happen(tiny_bundle: Path, newer: Path, tmp_path: Path):
    folder = tmp_path / "logs"
    folder.mkdir()
    with serving(tiny_bundle, tmp_path, tables={"audit": {"path": str(folder / "audit")}}) as server:
        before = answer(server)
        shutil.rmtree(folder)
        replace(tmp_path / "tiny.onnx", newer.read_bytes())
        hang_up(server)
        assert "could not be recorded" in lines(server, "not_renewed")[0]["reason"]
        assert ready(server) == [before[0]]
        folder.mkdir()
        hang_up(server)
        assert answer(server)[0] != before[0]


@pytest.mark.slow
def test_under_load_nothing_is_lost_and_every_answer_comes_from_one_bundle(
    tiny_bundle: Path, newer: Path, tmp_path: Path
):
    """Also several patients at once, in a thread: all of them by the bundle their request began with."""
    several = [patient(), patient(pain=9), patient()]
    with serving(tiny_bundle, tmp_path) as server, ThreadPoolExecutor(8) as clients:
        done = threading.Event()

        def ask(number: int) -> list[list[tuple[str, tuple[float, ...]]]]:
            heard = []
            with server.client() as client:
                while not done.is_set():
                    response = client.post("/v1/score", json=several if number % 2 else several[:1])
                    assert response.status_code == 200, response.text
                    heard.append([told(one) for one in response.json()])
            return heard

        asking = [clients.submit(ask, number) for number in range(8)]
        for number in range(16):
            replace(tmp_path / "tiny.onnx", (tiny_bundle if number % 2 else newer).read_bytes())
            hang_up(server)
        done.set()
        heard = [one for each in asking for one in each.result()]
        assert len(lines(server, "renewed")) == 16
    assert all(len({digest for digest, _ in one}) == 1 for one in heard)
    by_patient = {(digest, place, scores) for one in heard for place, (digest, scores) in enumerate(one)}
    digests = {digest for digest, _, _ in by_patient}
    assert len(digests) == 2
    assert len(by_patient) == len(digests) * len(several)
    assert check_audit(tmp_path / "audit").broken is None


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_exchanges(tiny_bundle: Path, newer: Path, tmp_path: Path):
    with serving(tiny_bundle, tmp_path) as server:
        sizes = []
        for number in range(24):
            replace(tmp_path / "tiny.onnx", (tiny_bundle if number % 2 else newer).read_bytes())
            hang_up(server)
            sizes.append(_resident(server.process.pid))
        assert len(lines(server, "renewed")) == 24
    assert max(sizes[-4:]) < 1.05 * max(sizes[4:8])


def _resident(process: int) -> int:
    """Bytes of a process that are in memory."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
