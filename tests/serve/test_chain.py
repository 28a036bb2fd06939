"""The chain of an audit log: whatever was changed, added or taken away is found by the line after it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from painresponse.errors import WorkError
from painresponse_serve.audit import Audit, AuditLog
from painresponse_serve.chain import NOTHING_BEFORE, check_audit
from tests.serve.test_audit import ENTRY


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    """A log of four lines, a torn one, the note of it, and four more."""
    path = tmp_path / "audit"
    _record(path)
    with path.open("ab") as file:
        file.write(b'{"time"')
    _record(path)
    return path


def _record(path: Path) -> None:
    log = AuditLog(Audit(str(path), fsync="never"))
    for _ in range(4):
        log.record(ENTRY)
    log.close()


def test_an_honest_chain_holds(chain: Path):
    verdict = check_audit(chain)
    assert (verdict.lines, verdict.broken, verdict.torn) == (10, None, False)
    assert check_audit(chain, after=NOTHING_BEFORE).broken is None


CHANGES: dict[str, tuple[Callable[[list[bytes]], list[bytes]], int]] = {
    "a word": (lambda lines: [*lines[:2], lines[2].replace(b"clinic", b"nobody"), *lines[3:]], 4),
    "a line taken out": (lambda lines: [*lines[:1], *lines[2:]], 2),
    "the first line": (lambda lines: [lines[0].replace(b"clinic", b"nobody"), *lines[1:]], 2),
    "two lines exchanged": (lambda lines: [lines[1], lines[0], *lines[2:]], 2),
    "a line twice": (lambda lines: [*lines[:2], *lines[1:]], 3),
    "a line made unreadable": (lambda lines: [*lines[:1], b"{", *lines[2:]], 3),
    "the torn line": (lambda lines: [*lines[:4], b'{"Time"', *lines[5:]], 6),
    "the torn line taken out": (lambda lines: [*lines[:4], *lines[5:]], 5),
    "the note of the torn line taken out": (lambda lines: [*lines[:5], *lines[6:]], 6),
    "the line before the torn one": (lambda lines: [*lines[:3], *lines[4:]], 5),
    "an empty line put in": (lambda lines: [*lines[:7], b"", *lines[7:]], 9),
}
"""What is done to the lines, and the number of the line that then does not follow from the one before it."""


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_was_changed_before_the_last_line_is_found_by_a_line_after_it(chain: Path, change: str):
    changed, number = CHANGES[change]
    lines = changed(chain.read_bytes().splitlines())
    chain.write_bytes(b"".join(line + b"\n" for line in lines))
    assert check_audit(chain).broken == number


def test_lines_taken_from_the_beginning_are_found_by_who_knows_where_it_began(chain: Path):
    chain.write_bytes(b"".join(chain.read_bytes().splitlines(keepends=True)[2:]))
    assert check_audit(chain).broken is None
    assert check_audit(chain, after=NOTHING_BEFORE).broken == 1


def test_lines_taken_from_the_end_are_found_by_who_kept_the_last_hash(chain: Path):
    kept = check_audit(chain).last
    chain.write_bytes(b"".join(chain.read_bytes().splitlines(keepends=True)[:-1]))
    verdict = check_audit(chain)
    assert verdict.broken is None
    assert verdict.last != kept


def test_a_file_that_is_not_there_cannot_be_checked(tmp_path: Path):
    with pytest.raises(WorkError, match=r"Cannot read the audit log .*audit: No such file"):
        check_audit(tmp_path / "audit")
