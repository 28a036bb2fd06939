"""Clinics that share no patients, as docs/clinics.md has it: through the command line, in a small region."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from painresponse import __version__
from painresponse.validation.external import external

PAGE = Path(__file__).parents[2] / "docs" / "clinics.md"
SITE = 'predict = ["scs_trial"]\n[training]\nresamples = 100\nablate = false\n'
SAME = {"auc": "auc", "calibration_intercept": "intercept", "calibration_slope": "slope"}
ABROAD = {"clinic-1": (2, 3, 4), "clinic-2": (1, 3)}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def room(run, tmp_path_factory) -> Path:
    """A region parted into its clinics by the very words of the page; two of them have trained."""
    room = tmp_path_factory.mktemp("clinics")
    made = run(
        "simulate", "--subjects", 15_000, "--seed", 7, "--preset", "registry", "--out", room / "region"
    )
    assert made.code == 0, made.err
    (parting,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    subprocess.run([sys.executable, "-c", parting], cwd=room, check=True)
    (room / "site.toml").write_text(SITE)
    for name in ABROAD:
        trained = run(
            "train", name, "--config", "site.toml", "--out", f"{name}.onnx", "--store", f"sqlite:///{name}.db",
            cwd=room,
        )  # fmt: skip
        assert trained.code == 0, trained.err
    return room


@pytest.fixture(scope="module")
def summaries(run, room) -> list[Path]:
    found = []
    for name, clinics in ABROAD.items():
        for site in clinics:
            out = room / f"{name}-at-{site}.json"
            done = run(
                "evaluate", f"{name}.onnx", f"clinic-{site}", "--config", "site.toml", "--site",
                f"clinic-{site}", "--allow-synthetic", "--out", out, cwd=room,
            )  # fmt: skip
            assert done.code == 0, done.err
            found.append(out)
    return found


@pytest.fixture(scope="module")
def pooled(run, room, summaries) -> Any:
    done = run("pool", *summaries, "--out", room / "clinics.html", "--json")
    assert done.code == 0, done.err
    return done.json()


def test_every_bundle_stands_at_home_and_abroad(pooled):
    (target,) = pooled["targets"]
    assert [one["bundle"] for one in target["bundles"]] == list(ABROAD)
    for one, clinics in zip(target["bundles"], ABROAD.values(), strict=True):
        low, _, high = sorted(one["home"]["auc"])
        assert low < one["pooled"]["auc"]["value"] < high + 0.1
        assert [site["site"] for site in one["sites"]] == [f"clinic-{site}" for site in clinics]


def test_it_comes_to_the_same_as_with_all_patients_in_one_place(room, pooled):
    """The three clinics' folders as one, judged by what `report --data` rests on."""
    together = room / "together"
    (together / "data").mkdir(parents=True)
    for site in ABROAD["clinic-1"]:
        (together / "data" / f"{site}.parquet").write_bytes(
            (room / f"clinic-{site}/data/0.parquet").read_bytes()
        )
    whole = external(
        room / "clinic-1.onnx", together, config=room / "site.toml", allow_synthetic=True, resamples=20
    )["targets"]["scs_trial"]["sites"]
    told = pooled["targets"][0]["bundles"][0]["pooled"]
    for name, same in SAME.items():
        for end in ("value", "low", "high", "prediction_low", "prediction_high", "tau2", "i2"):
            assert told[name][end] == pytest.approx(whole[same][end], rel=0.01, abs=2e-3), (name, end)


def test_what_leaves_is_counts_figures_and_names(summaries):
    """Every text is a name, a word of the catalogue or a SHA-256; every whole number a multiple of ten."""
    for path in summaries:
        plain = json.loads(path.read_text())
        assert (plain.pop("schema"), plain.pop("painresponse"), plain["least"]) == (1, __version__, 10)
        leaves = list(_leaves(plain))
        texts = {one for one in leaves if isinstance(one, str)}
        assert {
            one for one in texts if not re.fullmatch(r"[a-z][a-z_]*[a-z]|clinic-\d|[0-9a-f]{64}", one)
        } == set()
        numbers = [one for one in leaves if isinstance(one, int) and not isinstance(one, bool)]
        assert [one for one in numbers if one % 10] == []
        assert path.stat().st_size < 5_000


def test_a_bundle_is_not_judged_where_it_was_made(run, room):
    done = run(
        "evaluate", "clinic-1.onnx", "clinic-1", "--config", "site.toml", "--site", "x", "--allow-synthetic",
        "--out", "x.json", cwd=room,
    )  # fmt: skip
    assert done.code == 2
    assert "was trained on these very data" in done.err
    assert not (room / "x.json").exists()


def test_the_same_file_twice_is_refused(run, room, summaries):
    done = run("pool", summaries[0], summaries[0], "--out", room / "none.html")
    assert done.code == 2
    assert "comes twice" in done.err
    assert not (room / "none.html").exists()


def test_the_page_and_the_lines_for_people_say_that_patients_are_simulated(run, room, pooled, summaries):
    page = (room / "clinics.html").read_text(encoding="utf-8")
    said = run("pool", *summaries).out
    assert all("SYNTHETIC" in one for one in (page, said))
    assert page.count("<svg") == 10
    assert "at home, cross-validated" in said


def _leaves(plain: Any) -> Any:
    inner = plain.values() if isinstance(plain, dict) else plain if isinstance(plain, list) else None
    if inner is None:
        yield plain
    else:
        for one in inner:
            yield from _leaves(one)
