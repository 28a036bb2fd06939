"""The seal: the last bytes of a bundle are the SHA-256 of all bytes before them.

They are written as one more ``metadata_props`` entry, so a sealed bundle is still an ordinary ONNX file. The
seal shows damage and careless edits; it is no signature, since anyone may seal a file anew.
"""

from hashlib import sha256

from painresponse.errors import BundleError

KEY = "painresponse.sha256"

_HEX = 64


def _field(number: int, content: bytes) -> bytes:
    """A protobuf field that holds bytes: tag, length, content."""
    length, size = [], len(content)
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([number << 3 | 2, *length, size]) + content


def entry(key: str, value: str) -> bytes:
    """One of ``ModelProto.metadata_props`` (field 14): its key (field 1) and its value (field 2)."""
    return _field(14, _field(1, key.encode()) + _field(2, value.encode()))


def _trailer(digest: str) -> bytes:
    return entry(KEY, digest)


_LENGTH = len(_trailer("0" * _HEX))
_HEAD = _trailer("0" * _HEX)[:-_HEX]


def seal(model_bytes: bytes) -> bytes:
    """A serialised ONNX model with its seal at the end."""
    return model_bytes + _trailer(sha256(model_bytes).hexdigest())


def verify_seal(data: bytes) -> str:
    """The SHA-256 a bundle is known by. Raises BundleError if it does not match; nothing is parsed before."""
    body, trailer = data[:-_LENGTH], data[-_LENGTH:]
    if not trailer.startswith(_HEAD):
        raise BundleError(
            "This is not a painresponse bundle, or its end is missing: no seal was found. "
            "Give a file written by painresponse train, or copy it again."
        )
    digest = sha256(body).hexdigest()
    if trailer != _trailer(digest):
        raise BundleError(
            "This bundle is damaged or was edited: its content does not match its seal. "
            "Copy it again from where it was made."
        )
    return digest
