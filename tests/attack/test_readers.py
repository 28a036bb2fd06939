"""The readers of requests on whatever bytes: an answer or a complaint of the client, and nothing else."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from painresponse_serve.shelf import Served
from tests.attack.mutations import STRANGE, change
from tests.attack.readers import BY_NAME, READERS, in_json, read_or_complained, seeds, served_from

SECONDS = 12
"""That each reader is fuzzed for."""

examples = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
plain = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.sampled_from(STRANGE)
)
names = st.text(max_size=5) | st.sampled_from(("index", "events", "resourceType", "entry", "inputs", "hook"))
values = st.recursive(plain, lambda one: st.lists(one, max_size=5) | st.dictionaries(names, one, max_size=5))


@pytest.fixture(scope="module")
def served(tiny_bundle: Path) -> Served:
    return served_from(tiny_bundle)


@pytest.mark.parametrize("name", READERS)
def test_what_the_others_begin_from_is_answered(served: Served, name: str):
    begun = list(seeds(name, served))
    assert len(begun) >= 2
    for body in begun:
        assert BY_NAME[name](served, body) is not None


@pytest.mark.parametrize("name", READERS)
@given(body=values.map(json.dumps).map(str.encode) | st.binary(max_size=300), tail=st.binary(max_size=4))
@examples
def test_any_json_and_any_bytes_are_read_or_refused(served: Served, name: str, body: bytes, tail: bytes):
    read_or_complained(BY_NAME[name], served, body + tail)


@pytest.mark.parametrize("name", READERS)
@given(which=st.integers(0, 9), rng=st.randoms(use_true_random=False), times=st.integers(1, 5))
@examples
def test_a_request_changed_anywhere_is_read_or_refused(
    served: Served, name: str, which: int, rng: Random, times: int
):
    every = [body for body, _ in in_json(name, served)]
    value: Any = json.loads(every[which % len(every)])
    for _ in range(times):
        change(value, rng)
    read_or_complained(BY_NAME[name], served, json.dumps(value).encode())


@pytest.mark.parametrize("name", READERS)
@given(place=st.integers(0, 3000), cut=st.integers(0, 200), put=st.binary(max_size=8))
@examples
def test_a_request_cut_or_spliced_is_read_or_refused(
    served: Served, name: str, place: int, cut: int, put: bytes
):
    for body in seeds(name, served):
        at = place % len(body)
        read_or_complained(BY_NAME[name], served, body[:at] + put + body[at + cut :])


# ---- led by coverage ----


def fuzzed(
    program: list[str], name: str, bundle: Path, folder: Path, seconds: int = SECONDS
) -> tuple[int, list[str]]:
    """How it ended, and the hashes of the inputs that broke the reader; the inputs stay in the folder."""
    folder.mkdir()
    options = ["-seed=1", f"-max_total_time={seconds}", "-verbosity=0"]
    call = [sys.executable, *program, name, str(bundle), str(folder), *options]
    ended = subprocess.run(call, capture_output=True, timeout=seconds + 60)
    return ended.returncode, sorted(one.name for one in folder.iterdir() if one.name != "corpus")


@pytest.mark.slow
def test_fuzzing_led_by_coverage_breaks_no_reader(tiny_bundle: Path, tmp_path: Path):
    pytest.importorskip("atheris", reason="atheris is there for Linux only")
    program = ["-m", "tests.attack.fuzz"]
    with ThreadPoolExecutor(2) as two:
        ended = two.map(lambda name: fuzzed(program, name, tiny_bundle, tmp_path / name), READERS)
    assert dict(zip(READERS, ended, strict=True)) == dict.fromkeys(READERS, (0, []))


BROKEN = """
import tests.attack.fuzz as fuzz

sound = fuzz.BY_NAME["native"]

def broken(served, body):
    sound(served, body)
    if b'"value": null' in body:
        raise KeyError("planted")

fuzz.BY_NAME["native"] = broken
fuzz.main()
"""


@pytest.mark.slow
def test_fuzzing_would_find_a_reader_that_breaks(tiny_bundle: Path, tmp_path: Path):
    pytest.importorskip("atheris", reason="atheris is there for Linux only")
    code, inputs = fuzzed(["-c", BROKEN], "native", tiny_bundle, tmp_path / "broken")
    assert code != 0
    assert [one.startswith("crash-") for one in inputs] == [True]
