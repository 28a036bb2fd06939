"""The file of keys: what may stand in it, how it changes under a running server, how a key is added."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from painresponse.errors import DefinitionError
from painresponse_serve import api_keys
from painresponse_serve.api_keys import Keys, add_key, new_key, read_keys
from painresponse_serve.principals import DESCRIBE, SCORE
from painresponse_serve.states import state_of
from tests.serve.conftest import Server, eventually, running
from tests.serve.test_access import score, write_keys
from tests.serve.test_process import started

HASH = "0" * 64


def test_a_line_taken_out_or_added_counts_at_once(tiny_bundle: Path, tmp_path: Path):
    path = tmp_path / "keys"
    keys = write_keys(path, first=[SCORE], second=[SCORE])
    with running(tiny_bundle, tmp_path, more=("--access-keys", path)) as server:
        assert (score(server, keys["first"]), score(server, keys["second"])) == (200, 200)
        path.write_text("".join(one for one in path.read_text().splitlines(True) if "first" not in one))
        assert (score(server, keys["first"]), score(server, keys["second"])) == (401, 200)
        third, line = new_key("third", [SCORE])
        add_key(path, line)
        assert (score(server, third), score(server, keys["second"])) == (200, 200)
        path.write_text("")
        assert (score(server, third), score(server, keys["second"])) == (401, 401)


def test_a_file_is_looked_at_again_once_it_may_be_read(tmp_path: Path):
    """Its contents and their time are the same then."""
    path = tmp_path / "keys"
    write_keys(path, first=[SCORE])
    before = state_of(path)
    path.chmod(0o640)
    assert state_of(path) != before


def test_a_file_damaged_or_gone_leaves_the_known_keys_good_and_is_reported(tiny_bundle: Path, tmp_path: Path):
    path = tmp_path / "keys"
    keys = write_keys(path, first=[SCORE])
    whole = path.read_text()
    with running(tiny_bundle, tmp_path, more=("--access-keys", path)) as server:
        path.write_text(f"{whole}second score {keys['first']}\n")  # the key itself in the place of its hash
        assert score(server, keys["first"]) == 200
        path.unlink()
        assert score(server, keys["first"]) == 200
        path.write_text(whole.replace("first", "renamed"))
        assert score(server, keys["first"]) == 200
        complaints = eventually(lambda: lines(server, "keys_read") and lines(server, "keys_not_read"))
        output = server.output.read_text()
    assert [(one["level"], one["keys_kept"]) for one in complaints] == [("error", 1), ("error", 1)]
    assert "line 4" in complaints[0]["reason"]
    assert "No such file" in complaints[1]["reason"]
    assert keys["first"] not in output


def lines(server: Server, event: str) -> list[dict[str, Any]]:
    written = server.output.read_text().rpartition("\n")[0].splitlines()
    return [one for one in map(json.loads, written) if one["event"] == event]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("first score", "line 1, is not a name"),
        (f"first score {HASH} more", "line 1, is not a name"),
        (f"# one\n\nfirst score {HASH[1:]}", "line 3, is not a name"),
        (f"fir:st score {HASH}", "line 1, is not a name"),
        (f"first scores {HASH}", "line 1, names an unknown scope. Known: score, infer"),
        (f"first score, {HASH}", "line 1, names an unknown scope"),
        (f"first score {HASH}\nfirst score {HASH[1:]}1", "names first more than once"),
        (f"first score {HASH}\nsecond score {HASH}", "gives its key to another name"),
        ("first score \ud800".encode("utf-8", "surrogatepass"), "it is not text in UTF-8"),
    ],
)
def test_a_file_that_is_none_of_keys_refuses_the_start(tmp_path: Path, text: str | bytes, words: str):
    path = tmp_path / "keys"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DefinitionError, match=re.escape(words)):
        Keys(path)


def test_a_keys_file_that_is_not_there_refuses_the_start_with_exit_code_2(tiny_bundle: Path, tmp_path: Path):
    ended = started(tiny_bundle, "--allow-synthetic", "--port", "0", "--access-keys", tmp_path / "none")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == f"Cannot read the keys file {tmp_path / 'none'}: No such file or directory.\n"


def test_a_complaint_about_a_line_repeats_nothing_of_it(tmp_path: Path):
    path = tmp_path / "keys"
    key, line = new_key("first", [SCORE])
    for text in (f"first {key} {HASH}", f"first score {key}", f"{key} first score", f"{line} {key}"):
        path.write_text(text)
        with pytest.raises(DefinitionError) as refused:
            read_keys(path)
        assert key not in str(refused.value)


def test_every_known_hash_is_compared_in_a_time_that_tells_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    keys = write_keys(tmp_path / "keys", first=[SCORE], second=[SCORE], third=[SCORE])
    known, compared, honest = Keys(tmp_path / "keys"), [], api_keys.compare_digest

    def compare(one: str, other: str) -> bool:
        compared.append((one, other))
        return honest(one, other)

    monkeypatch.setattr(api_keys, "compare_digest", compare)
    for shown in (*keys.values(), "pr_unknown"):
        compared.clear()
        known.principal(shown)
        assert len(compared) == 3


def test_a_new_key_is_long_and_new_and_its_line_admits_it(tmp_path: Path):
    path = tmp_path / "keys"
    first, line = new_key("first", [SCORE, DESCRIBE, SCORE])
    second, other = new_key("second", [SCORE])
    add_key(path, line)
    add_key(path, other)
    assert first != second
    assert len(first) > 40
    assert first not in path.read_text()
    assert line.startswith("first score,describe ")
    found = Keys(path).principal(first)
    assert found and (found.who, found.scopes) == ("first", {SCORE, DESCRIBE})


def test_a_new_file_is_for_its_owner_alone_and_an_old_one_stays_as_it_is(tmp_path: Path):
    path = tmp_path / "keys"
    add_key(path, new_key("first", [SCORE])[1])
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    path.write_text(path.read_text().rstrip("\n"))  # as some editors leave it
    before = path.stat().st_ino
    add_key(path, new_key("second", [SCORE])[1])
    assert (path.stat().st_mode & 0o777, path.stat().st_ino) == (0o640, before)
    assert {one.who for one in read_keys(path).values()} == {"first", "second"}


@pytest.mark.parametrize(
    ("name", "scopes", "words"),
    [
        ("", [SCORE], "is no name for a key"),
        ("a b", [SCORE], "is no name for a key"),
        ("a\nb", [SCORE], "is no name for a key"),
        ("a\n", [SCORE], "is no name for a key"),
        ("a" * 65, [SCORE], "is no name for a key"),
        ("first", ["scoer"], "Unknown scope 'scoer'. Did you mean 'score'?"),
        ("first", ["score,infer"], "Unknown scope"),
        ("first", [], "at least one scope"),
    ],
)
def test_a_name_or_scope_that_no_file_can_hold_is_refused(name: str, scopes: list[str], words: str):
    with pytest.raises(DefinitionError) as refused:
        new_key(name, scopes)
    assert words in str(refused.value)
