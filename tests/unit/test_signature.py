"""A signature tells who vouches for a bundle; the bundle stays what it was, and is known by the same name."""

import stat
from hashlib import sha256
from random import Random

import onnx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from typer.testing import CliRunner

from painresponse.commands import app
from painresponse.errors import BundleError, DefinitionError
from painresponse.scoring.opening import bundle_from_bytes, open_to_score
from painresponse.scoring.seal import verify_seal
from painresponse.scoring.signature import KEY, new_keys, parted, sign
from painresponse_serve import load_settings, serve
from tests.lib.tampering import edited


@pytest.fixture(scope="module")
def data(tiny_bundle):
    return tiny_bundle.read_bytes()


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    return _pair(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    return _pair(tmp_path_factory.mktemp("theirs"))


def _pair(folder):
    files = folder / "private.pem", folder / "public.pem"
    for file, key in zip(files, new_keys(), strict=True):
        file.write_bytes(key)
    return files


@pytest.fixture(scope="module")
def signed(data, ours):
    return sign(data, ours[0])


def test_signing_keeps_the_bytes_and_the_name_of_a_bundle(data, signed):
    assert signed.startswith(data)
    assert bundle_from_bytes(signed).digest == bundle_from_bytes(data).digest == verify_seal(data)


def test_a_signed_bundle_is_still_an_ordinary_onnx_file(signed):
    model = onnx.load_from_string(signed)
    onnx.checker.check_model(model, full_check=True)
    assert [one.key for one in model.metadata_props][-2:] == ["painresponse.sha256", KEY]


def test_anyone_can_check_a_signature_without_this_package(data, signed):
    """The layout, said once more: public key, signature, hash of all before it; signed is a hash as well."""
    value = next(one.value for one in onnx.load_from_string(signed).metadata_props if one.key == KEY)
    public, signature, check = (bytes.fromhex(one) for one in (value[:64], value[64:192], value[192:]))
    body = data[: data.rindex(b"painresponse.sha256") - 4]  # before it, two tags and two lengths
    digest = next(one for one in onnx.load_from_string(data).metadata_props if one.key.endswith(".sha256"))
    assert sha256(body).hexdigest() == digest.value
    assert check == sha256(signed[:-64]).digest()
    words = b"painresponse bundle 1\n" + bytes.fromhex(digest.value)
    Ed25519PublicKey.from_public_bytes(public).verify(signature, words)


def test_the_same_key_makes_the_same_file_and_another_replaces_it(data, signed, ours, theirs):
    assert sign(data, ours[0]) == sign(signed, ours[0]) == signed
    other = sign(signed, theirs[0])
    assert len(other) == len(signed)
    assert parted(other)[0] == data


def test_who_requires_a_signature_gets_only_what_that_key_signed(data, signed, ours, theirs):
    assert bundle_from_bytes(signed, trusted_key=ours[1]).name == "tiny"
    with pytest.raises(BundleError, match=r"not signed, and a signature by the key in .* is required"):
        bundle_from_bytes(data, trusted_key=ours[1])
    with pytest.raises(BundleError, match=r"not signed by the key in .*public\.pem, as is required"):
        bundle_from_bytes(signed, trusted_key=theirs[1])


def test_a_signature_does_not_pass_to_another_bundle(data, signed, ours):
    """The entry of one bundle behind the other, its own hash put right: it says so, and lies."""
    other = edited(data, lambda metadata: metadata.update(name="other"))
    begun = (other + signed[len(data) :])[:-64]
    grafted = begun + sha256(begun).hexdigest().encode()
    assert bundle_from_bytes(grafted).name == "other"
    with pytest.raises(BundleError, match="not signed by the key in"):
        bundle_from_bytes(grafted, trusted_key=ours[1])


def test_damage_to_a_signature_is_noticed_without_any_key(data, signed):
    for place in range(len(data), len(signed)):
        for flip in (0x01, 0x20, 0x80):
            spoilt = signed[:place] + bytes([signed[place] ^ flip]) + signed[place + 1 :]
            with pytest.raises(BundleError):
                bundle_from_bytes(spoilt)


def test_a_signed_bundle_cut_short_is_refused_unless_all_of_its_signature_is_gone(data, signed):
    for length in range(len(data) + 1, len(signed)):
        with pytest.raises(BundleError):
            bundle_from_bytes(signed[:length])
    assert parted(signed[: len(data)]) == (data, None)


def test_damage_to_a_signed_bundle_is_noticed(data, signed):
    for seed in range(200):
        place = Random(seed).randrange(len(data))
        with pytest.raises(BundleError, match="damaged or was edited"):
            bundle_from_bytes(signed[:place] + bytes([signed[place] ^ 1]) + signed[place + 1 :])


def _foreign_keys(folder):
    rsa = generate_private_key(65537, 2048)
    own = load_pem_private_key(new_keys()[0], None)
    locked = PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    keys = {
        "text.pem": b"not a key",
        "empty.pem": b"",
        "rsa.pem": rsa.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "locked.pem": own.private_bytes(Encoding.PEM, *locked),
    }
    for name, content in keys.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in keys]


def test_what_is_no_such_key_is_said_to_be_none(data, tmp_path, ours):
    private, public = ours
    for file in (*_foreign_keys(tmp_path), public):
        with pytest.raises(DefinitionError, match=r"is no private Ed25519 key"):
            sign(data, file)
    for file in (*_foreign_keys(tmp_path), private):
        with pytest.raises(DefinitionError, match="is no public Ed25519 key"):
            bundle_from_bytes(data, trusted_key=file)
    with pytest.raises(DefinitionError, match=r"Cannot read the key .*none\.pem: No such file"):
        sign(data, tmp_path / "none.pem")


def test_a_server_can_be_told_to_serve_only_what_a_key_signed(tiny_bundle, tmp_path, signed, ours, theirs):
    """Refused before anything listens, whether the key is named in the call or in serving.toml."""
    with pytest.raises(BundleError, match="It is not signed"):
        serve(
            [tiny_bundle], settings=load_settings(said={"safety.trusted_key": ours[1]}), allow_synthetic=True
        )
    (tmp_path / "signed.onnx").write_bytes(signed)
    packaged = _settings(tmp_path, trusted_key=theirs[1])
    with pytest.raises(BundleError, match="not signed by the key in"):
        serve([tmp_path / "signed.onnx"], allow_synthetic=True, settings=packaged)
    assert open_to_score(tmp_path / "signed.onnx", allow_synthetic=True, trusted_key=ours[1]).synthetic
    with pytest.raises(BundleError, match="R08_MODEL_SYNTHETIC"):
        open_to_score(tmp_path / "signed.onnx", trusted_key=ours[1])


def _settings(folder, *, trusted_key):
    (folder / "serving.toml").write_text(f'[safety]\ntrusted_key = "{trusted_key}"\n')
    return load_settings(folder / "serving.toml")


def test_keys_are_made_once_and_the_private_one_is_for_its_owner_alone(tmp_path):
    made = CliRunner().invoke(app, ["keys", str(tmp_path / "clinic")])
    assert made.exit_code == 0
    private = tmp_path / "clinic.private.pem"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    before = private.read_bytes()
    again = CliRunner().invoke(app, ["keys", str(tmp_path / "clinic")])
    assert isinstance(again.exception, DefinitionError)
    assert private.read_bytes() == before


def test_a_bundle_is_signed_in_place_whole_or_not_at_all(data, tmp_path, ours):
    path = tmp_path / "clinic.onnx"
    path.write_bytes(data)
    linked = tmp_path / "current.onnx"
    linked.symlink_to(path)
    refused = CliRunner().invoke(app, ["sign", str(path), "--key", str(ours[1])])
    assert isinstance(refused.exception, DefinitionError)
    assert path.read_bytes() == data
    assert CliRunner().invoke(app, ["sign", str(linked), "--key", str(ours[0])]).exit_code == 0
    assert linked.is_symlink()
    assert parted(path.read_bytes())[1] is not None
    assert sorted(one.name for one in tmp_path.iterdir()) == ["clinic.onnx", "current.onnx"]


def test_what_does_not_prove_itself_is_not_signed(data, tmp_path, ours):
    path = tmp_path / "edited.onnx"
    path.write_bytes(edited(data, lambda metadata: metadata["golden"]["rows"].pop() and None))
    before = path.read_bytes()
    refused = CliRunner().invoke(app, ["sign", str(path), "--key", str(ours[0])])
    assert isinstance(refused.exception, BundleError)
    assert path.read_bytes() == before
