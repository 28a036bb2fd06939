"""The verdict on a bundle: every check in a line, what it found, and what that proves."""

import json
import os
import subprocess
import sys
import zipfile

import onnx
import pytest
from typer.testing import CliRunner

from painresponse.commands import app
from painresponse.errors import BundleError
from painresponse.scoring.opening import MOST_BYTES, bundle_from_bytes, open_bundle
from painresponse.scoring.seal import seal
from painresponse.scoring.signature import new_keys, parted, sign
from painresponse.scoring.verification import verdict
from tests.lib.tampering import edited, resealed

CHECKS = [
    "seal",
    "schema",
    "features",
    "units",
    "structure",
    "golden patients",
    "provenance",
    "signature",
]


@pytest.fixture
def bundle(tiny_bundle, tmp_path):
    path = tmp_path / "tiny.onnx"
    path.write_bytes(tiny_bundle.read_bytes())
    return path


@pytest.fixture
def keys(tmp_path):
    files = tmp_path / "private.pem", tmp_path / "public.pem"
    for file, key in zip(files, new_keys(), strict=True):
        file.write_bytes(key)
    return files


def failed(path, **trusted):
    return [one.check for one in verdict(path, **trusted) if one.passed is False]


def found(path, check, **trusted):
    return next(one.found for one in verdict(path, **trusted) if one.check == check)


def test_of_a_sound_bundle_every_line_says_what_was_found(bundle):
    opened = open_bundle(bundle)
    assert [one.check for one in verdict(bundle)] == CHECKS
    assert failed(bundle) == []
    assert found(bundle, "seal") == f"SHA-256 {opened.digest}"
    assert found(bundle, "features").endswith(opened.features.fingerprint())
    assert found(bundle, "golden patients") == "8 replayed, largest drift 0"
    assert found(bundle, "provenance").startswith("SYNTHETIC")
    assert found(bundle, "signature") == "none"


def test_behind_a_broken_seal_nothing_is_looked_at(bundle):
    data = bytearray(bundle.read_bytes())
    data[1_000] ^= 1
    bundle.write_bytes(data)
    assert [(one.check, one.passed) for one in verdict(bundle)] == [("seal", False)]


@pytest.mark.parametrize(
    ("change", "checks"),
    [
        (
            lambda m: m.update(schema=99),
            ["schema", "features", "units", "golden patients", "provenance"],
        ),
        (lambda m: m["features"].pop("age") and None, ["features", "golden patients"]),
        (lambda m: m["concepts"]["crp"].update(colour="red"), ["units", "golden patients"]),
        (lambda m: m["golden"]["rows"].pop() and None, ["golden patients"]),
        (lambda m: m.pop("provenance") and None, ["golden patients", "provenance"]),
    ],
)
def test_each_line_fails_for_what_it_is_about(bundle, change, checks):
    bundle.write_bytes(edited(bundle.read_bytes(), change))
    assert failed(bundle) == checks


def test_a_foreign_graph_fails_by_its_structure(bundle):
    spoilt = resealed(bundle.read_bytes(), lambda m: m.opset_import.add(domain="com.example", version=1))
    bundle.write_bytes(spoilt)
    assert "structure" in failed(bundle)
    assert "'com.example'" in found(bundle, "structure")


def test_the_signature_line_tells_by_whom_and_whether_that_is_who_was_asked_for(bundle, keys, tmp_path):
    private, public = keys
    assert found(bundle, "signature", trusted_key=public).startswith("none, and one by this key")
    assert failed(bundle, trusted_key=public) == ["signature"]
    bundle.write_bytes(sign(bundle.read_bytes(), private))
    fingerprint = parted(bundle.read_bytes())[1].fingerprint
    assert found(bundle, "signature", trusted_key=public) == f"valid by the key {fingerprint}"
    assert failed(bundle, trusted_key=public) == []
    assert found(bundle, "signature").startswith(f"valid by the key {fingerprint}; name the key")
    (tmp_path / "other.pem").write_bytes(new_keys()[1])
    assert found(bundle, "signature", trusted_key=tmp_path / "other.pem").endswith("which is not this key")
    assert failed(bundle, trusted_key=tmp_path / "other.pem") == ["signature"]


def test_the_command_ends_with_one_for_what_must_not_be_used(bundle):
    sound = CliRunner().invoke(app, ["verify", str(bundle)])
    assert sound.exit_code == 0
    bundle.write_bytes(edited(bundle.read_bytes(), lambda m: m["golden"]["rows"].pop() and None))
    assert CliRunner().invoke(app, ["verify", str(bundle)]).exit_code == 1


def test_for_machines_the_verdict_is_json(bundle):
    ran = subprocess.run(
        [sys.executable, "-m", "painresponse", "verify", str(bundle), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(ran.stdout)
    assert said["sound"]
    assert [one["check"] for one in said["checks"]] == CHECKS
    assert all(one["proves"] for one in said["checks"])


def test_what_is_no_ordinary_file_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe.onnx")
    for path in (tmp_path, tmp_path / "pipe.onnx", "/dev/zero", "/dev/null"):
        with pytest.raises(BundleError, match="it is not a file"):
            open_bundle(path)


def test_what_is_too_large_for_a_bundle_is_not_read(tmp_path):
    with (tmp_path / "large.onnx").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(BundleError, match="more than 256 MB, which no bundle has"):
        open_bundle(tmp_path / "large.onnx")


def test_a_name_that_cannot_be_one_is_refused():
    with pytest.raises(BundleError, match="Cannot read the bundle"):
        open_bundle("tiny\0.onnx")


def test_an_archive_is_not_unpacked(bundle, tmp_path):
    with zipfile.ZipFile(tmp_path / "tiny.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(50_000_000))
        archive.write(bundle)
    with pytest.raises(BundleError, match="not a painresponse bundle"):
        open_bundle(tmp_path / "tiny.zip")


@pytest.mark.parametrize(
    "metadata",
    [
        "[" * 100_000 + "]" * 100_000,
        '{"schema":' + '{"a":' * 100_000 + "1" + "}" * 100_000 + "}",
        '"' + "x" * 50_000_000 + '"',
        '{"schema": 4, "name": NaN}',
        '{"schema": 4' + ', "name": "x"' * 10_000 + "}",
        "1" * 100_000,
        "\ud800".encode("utf-16", "surrogatepass").decode("latin-1"),
    ],
    ids=[
        "lists in lists",
        "tables in tables",
        "one long text",
        "no number",
        "repeats",
        "digits",
        "not UTF-8",
    ],
)
def test_metadata_made_to_break_a_reader_is_refused(bundle, metadata):
    def change(model):
        next(one for one in model.metadata_props if one.key == "painresponse").value = metadata

    with pytest.raises(BundleError, match="not a bundle that can be read"):
        bundle_from_bytes(resealed(bundle.read_bytes(), change))


@pytest.mark.parametrize(
    "body",
    [
        b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",  # a graph that says to have 2**63 bytes
        b"\x3a\xff\xff\xff\xff\x0f",
        b"\x3a\x80",
        b"\xff" * 11,
        b"\x0b" * 50,
        b"\x3a\x02\x0a" * 1_000,
    ],
)
def test_lengths_that_cannot_be_are_refused(body):
    with pytest.raises(BundleError, match="not a bundle that can be read"):
        bundle_from_bytes(seal(body))


def test_the_file_of_another_tool_is_refused_sealed_or_not(bundle):
    model = onnx.load_from_string(bundle.read_bytes())
    del model.metadata_props[:]
    with pytest.raises(BundleError, match="no seal was found"):
        bundle_from_bytes(model.SerializeToString())
    with pytest.raises(BundleError, match="not a bundle that can be read"):
        bundle_from_bytes(seal(model.SerializeToString()))
