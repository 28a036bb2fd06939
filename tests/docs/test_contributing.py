"""What CONTRIBUTING walks a newcomer through is done, exactly as written, in a copy of the project."""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from painresponse.clinic import load_catalogue
from tests.docs.blocks import ROOT, Block, blocks, pages

PAGE = "CONTRIBUTING.md"
WALKS = ("A biomarker", "An outcome", "A summary word", "An endpoint")


def walk(title: str) -> list[Block]:
    """The blocks under a heading."""
    lines = pages()[PAGE].splitlines()
    begins = lines.index(f"### {title}")
    ends = next((at for at in range(begins + 1, len(lines)) if lines[at].startswith("#")), len(lines))
    return [block for block in blocks(PAGE) if begins < block.line <= ends]


def apply(block: Block, root: Path) -> None:
    """Change a file as a diff says; each stretch must be found once."""
    path = root / re.search(r"^\+\+\+ (\S+)$", block.text, re.M)[1]
    text = path.read_text(encoding="utf-8")
    for stretch in block.text.split("@@\n")[1:]:
        lines = stretch.splitlines()
        before, after = ("\n".join(one[1:] for one in lines if one[:1] in kept) for kept in (" -", " +"))
        assert text.count(before) == 1, f"{block}: {before!r}"
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")


def follow(title: str, root: Path) -> None:
    """Apply the diffs of a walk, and write its files."""
    for block in walk(title):
        if block.language == "diff":
            apply(block, root)
        elif "file" in block.said:
            (root / block.said["file"]).write_text(block.text, encoding="utf-8")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project without what was built."""
    for name in ("src", "serve", "configs", "tests", "models"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def seen(root: Path) -> dict[str, str]:
    """An environment in which the copy's packages come before the installed ones."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(str(root / name) for name in ("src", "serve", "."))}


def python(root: Path, *words: str) -> str:
    """What a command of the copy says, which must succeed."""
    done = subprocess.run([sys.executable, *words], cwd=root, env=seen(root), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def serving(root: Path) -> Iterator[str]:
    """The address of a server of the copy."""
    words = ["-m", "painresponse_serve", "models/synthetic.onnx", "--allow-synthetic", "--port", "0"]
    process = subprocess.Popen([sys.executable, *words], cwd=root, env=seen(root), stdout=subprocess.PIPE)
    try:
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("title", WALKS)
def test_every_walk_has_its_blocks(title):
    assert walk(title)


def test_every_file_that_contributing_names_exists():
    named = re.findall(r"`((?:configs|tests|serve|docs)/[\w/.]+?)`", pages()[PAGE])
    assert len(named) > 15
    assert [one for one in named if not (ROOT / one).exists()] == []


def test_the_biomarker_has_features_and_a_unit_of_its_own(tmp_path):
    follow("A biomarker", tmp_path)
    catalogue = load_catalogue(tmp_path / "biomarker.toml")
    assert catalogue.concepts.concepts["galectin_3"].unit == "ug/L"
    assert "undisturbed galectin_3" in catalogue.features.to_plain()["galectin_3_last"]


def test_the_outcome_can_be_predicted(tmp_path):
    follow("An outcome", tmp_path)
    catalogue = load_catalogue(tmp_path / "outcome.toml")
    assert list(catalogue.targets) == ["rfa_catastrophising"]
    assert "catastrophises less" in catalogue.label("rfa_catastrophising")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("title", "file", "section"),
    [("A biomarker", "concepts.toml", "concepts"), ("An outcome", "outcomes.toml", "outcomes")],
)
def test_what_stands_in_a_site_file_stands_in_the_packaged_one_too(copy, title, file, section):
    """There without the section's name."""
    follow(title, copy)
    said = (copy / walk(title)[0].said["file"]).read_text(encoding="utf-8")
    table = re.search(rf"^\[{section}\.(\w+)\]\n.*?(?=^\[|\Z)", said, re.M | re.S)
    with (copy / "configs" / file).open("a", encoding="utf-8") as packaged:
        packaged.write("\n" + table[0].replace(f"[{section}.", "["))
    code = f"import painresponse as pr; print(pr.load_catalogue().{_where(section)}[{table[1]!r}].label)"
    assert python(copy, "-c", code).strip()


def _where(section: str) -> str:
    return "concepts.concepts" if section == "concepts" else section


@pytest.mark.slow
def test_the_summary_word_is_specified_computed_and_agrees_with_its_twin(copy):
    follow("A summary word", copy)
    python(copy, "-m", "ruff", "check", "src", "tests/lib/slow_twin.py", "tests/spec")
    tests = ("tests/spec/test_summaries.py", "tests/property/test_slow_twin.py", "tests/unit/test_lineage.py")
    said = python(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, "-k", "range or lineage")
    assert int(re.search(r"(\d+) passed", said)[1]) >= 3


@pytest.mark.slow
def test_the_endpoint_answers_is_described_and_needs_its_scope(copy):
    follow("An endpoint", copy)
    python(copy, "-m", "ruff", "check", "serve")
    scope = "from painresponse_serve.access import needed; print(needed('GET', '/v1/features'))"
    assert python(copy, "-c", scope).strip() == "describe"
    with serving(copy) as url:
        sentences = json.load(urllib.request.urlopen(f"{url}/v1/features"))
        described = json.load(urllib.request.urlopen(f"{url}/openapi.json"))
    assert sentences["pain_mean_30d"] == "mean of pain in 30 d"
    assert "/v1/features" in described["paths"]
