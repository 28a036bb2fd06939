"""The signature: whoever holds a private key says that a bundle is theirs (Ed25519, RFC 8032).

It stands after the seal, as one more ``metadata_props`` entry, so a signed bundle is still an ordinary ONNX
file, known by the same SHA-256 as before. Signed are the words of `CONTEXT` and the 32 bytes of that SHA-256.
The entry holds, in hex, the public key, the signature, and the SHA-256 of every byte of the file before that
last one, so that damage to the signature itself is noticed without any key.

A seal proves that a file is whole; anyone may make one. A signature by a key that was trusted beforehand
proves who vouched for the file. Neither proves that a model is any good.
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from painresponse.errors import BundleError, DefinitionError, WorkError
from painresponse.scoring.seal import entry, verify_seal

KEY = "painresponse.ed25519"
CONTEXT = b"painresponse bundle 1\n"

_PUBLIC, _SIGNATURE, _CHECK = 64, 128, 64  # hex digits
_BLANK = entry(KEY, "0" * (_PUBLIC + _SIGNATURE + _CHECK))
_HEAD = _BLANK[: -(_PUBLIC + _SIGNATURE + _CHECK)]
_HEX = re.compile(rb"[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class Signature:
    """Who says to have signed (the raw public key, 32 bytes), and the 64 bytes that prove it."""

    public: bytes
    signed: bytes

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the public key: what two people compare over the telephone."""
        return sha256(self.public).hexdigest()

    def valid(self, digest: str) -> bool:
        """Whether the holder of the key signed the bundle of this SHA-256. WorkError without cryptography."""
        _need_cryptography()
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(self.signed, _message(digest))
        except InvalidSignature:
            return False
        return True


def parted(data: bytes) -> tuple[bytes, Signature | None]:
    """The sealed bytes of a bundle, and its signature if any. Raises BundleError if that is damaged."""
    if not data[-len(_BLANK) :].startswith(_HEAD):
        return data, None
    sealed, digits = data[: -len(_BLANK)], data[-len(_BLANK) + len(_HEAD) :]
    if digits[-_CHECK:] != sha256(data[:-_CHECK]).hexdigest().encode() or not _HEX.fullmatch(digits):
        raise BundleError(
            "This bundle is damaged or was edited: its signature does not fit the rest of the file. "
            "Copy it again from where it was made."
        )
    plain = bytes.fromhex(digits.decode())
    return sealed, Signature(plain[:32], plain[32:96])


def sign(data: bytes, private: Path) -> bytes:
    """The same bundle signed with a private key (PEM), in place of any signature it had.

    Raises BundleError if its seal is broken, DefinitionError if the key is none.
    """
    _need_cryptography()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    sealed, _ = parted(data)
    try:
        key = load_pem_private_key(_read(private), None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise DefinitionError(
            f"{private} is no private Ed25519 key without a password (PEM). painresponse keys makes one."
        )
    signed = key.sign(_message(verify_seal(sealed)))
    digits = key.public_key().public_bytes_raw().hex() + signed.hex()
    begun = sealed + _HEAD + digits.encode()
    return begun + sha256(begun).hexdigest().encode()


def demand_signature(signature: Signature | None, digest: str, trusted: Path) -> None:
    """Raise BundleError unless the bundle was signed with the private half of this public key (PEM)."""
    public = public_key(trusted)
    if signature is None:
        raise BundleError(
            f"It is not signed, and a signature by the key in {trusted} is required. "
            "Sign it with painresponse sign, after painresponse verify."
        )
    if signature.public != public or not signature.valid(digest):
        raise BundleError(
            f"It is not signed by the key in {trusted}, as is required. "
            "painresponse verify tells by which; ask whoever made the bundle."
        )


def public_key(path: Path) -> bytes:
    """The 32 bytes of a public key in a PEM file. Raises DefinitionError if it holds none."""
    _need_cryptography()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(_read(path))
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise DefinitionError(f"{path} is no public Ed25519 key (PEM). painresponse keys makes a pair.")
    return key.public_bytes_raw()


def new_keys() -> tuple[bytes, bytes]:
    """A fresh pair of keys as PEM: the private one, to be kept, and the public one, to be handed out."""
    _need_cryptography()
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private, public


def _message(digest: str) -> bytes:
    return CONTEXT + bytes.fromhex(digest)


def _need_cryptography() -> None:
    try:
        import cryptography  # noqa: F401
    except ModuleNotFoundError:
        raise WorkError("Signatures need cryptography. Run: pip install 'painresponse[sign]'.") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DefinitionError(f"Cannot read the key {path}: {error.strerror}.") from None
