"""A file or folder appears under its name whole, or not at all; what was there before stays until then."""

import resource
import signal
import subprocess
import sys
import textwrap

import pytest

from painresponse.errors import DefinitionError, WorkError
from painresponse.publishing import publish, publish_bytes, publish_folder, publish_made
from tests.lib import disks

HEAD = """
import sys, time
from pathlib import Path
from painresponse.publishing import publish, publish_bytes, publish_folder, publish_made
path = Path(sys.argv[1])
"""


def child(code: str, path, **options) -> subprocess.Popen:
    """A process of its own that publishes to a path."""
    command = [sys.executable, "-c", HEAD + textwrap.dedent(code), str(path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def small_files() -> None:
    """No file of this process may grow beyond 4 kB."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


def test_a_file_is_written_and_replaced_whole(tmp_path):
    path = tmp_path / "deep" / "model.onnx"
    publish_bytes(path, b"one")
    publish_bytes(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_is_filled_and_then_there(tmp_path):
    path = tmp_path / "data"

    def fill(draft):
        assert not path.exists()
        (draft / "shards").mkdir()
        (draft / "shards" / "0.parquet").write_bytes(b"x")

    publish_folder(path, fill)
    assert (path / "shards" / "0.parquet").read_bytes() == b"x"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_there_is_replaced_only_if_asked(tmp_path):
    path = tmp_path / "data"
    publish_folder(path, lambda draft: (draft / "old").write_text("old") and None)
    with pytest.raises(DefinitionError, match=r"is already there.* or say --overwrite"):
        publish_folder(path, lambda draft: None)
    publish_folder(path, lambda draft: (draft / "new").write_text("new") and None, overwrite=True)
    assert [one.name for one in path.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_work_that_breaks_off_leaves_what_was_there_and_nothing_else(tmp_path, error):
    path = tmp_path / "model.onnx"
    publish_bytes(path, b"old")

    def write(draft):
        draft.write_bytes(b"half")
        raise error("in the middle")

    with pytest.raises(error):
        publish(path, write)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("old", [b"old", None])
def test_a_kill_in_the_middle_of_writing_leaves_the_old_file_or_none(tmp_path, old):
    path = tmp_path / "model.onnx"
    if old:
        publish_bytes(path, old)
    process = child(
        """
        def write(draft):
            draft.write_bytes(b"half")
            print("writing", flush=True)
            time.sleep(600)

        publish(path, write)
        """,
        path,
    )
    assert process.stdout.readline() == "writing\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert (path.read_bytes() if path.exists() else None) == old
    publish_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    visible = [one.name for one in tmp_path.iterdir() if not one.name.startswith(".")]
    assert visible == ["model.onnx"]


def test_a_kill_while_a_folder_is_filled_leaves_the_old_folder(tmp_path):
    path = tmp_path / "data"
    publish_folder(path, lambda draft: (draft / "old").write_text("old") and None)
    process = child(
        """
        def fill(draft):
            (draft / "new").write_text("half")
            print("filling", flush=True)
            time.sleep(600)

        publish_folder(path, fill, overwrite=True)
        """,
        path,
    )
    assert process.stdout.readline() == "filling\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert [one.name for one in path.iterdir()] == ["old"]


def test_a_file_that_may_not_grow_is_not_published_and_the_old_one_stays(tmp_path):
    """The same complaint as on a full disk, from a limit every system has."""
    path = tmp_path / "model.onnx"
    publish_bytes(path, b"old")
    process = child("publish_bytes(path, b'x' * 100_000)", path, preexec_fn=small_files)
    _, complaint = process.communicate()
    assert process.returncode == 1
    assert "WorkError: Cannot write" in complaint
    assert "File too large. Nothing was changed." in complaint
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def full_disk(tmp_path):
    """A disk of 64 kB."""
    with disks.small_disk(tmp_path, "64k") as where:
        yield where


def test_a_full_disk_is_said_and_the_old_file_and_folder_stay(full_disk):
    publish_bytes(full_disk / "model.onnx", b"old")
    publish_folder(full_disk / "data", lambda draft: (draft / "old").write_text("old") and None)
    with pytest.raises(WorkError, match=r"No space left on device\. Nothing was changed\."):
        publish_bytes(full_disk / "model.onnx", b"x" * 100_000)
    with pytest.raises(WorkError, match="No space left on device"):
        publish_folder(
            full_disk / "data",
            lambda draft: (draft / "n").write_bytes(b"x" * 100_000) and None,
            overwrite=True,
        )
    assert (full_disk / "model.onnx").read_bytes() == b"old"
    assert (full_disk / "data" / "old").read_text() == "old"
    assert sorted(one.name for one in full_disk.iterdir()) == ["data", "model.onnx"]


def test_a_place_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(WorkError, match=r"Cannot write .*file/model\.onnx: "):
        publish_bytes(tmp_path / "file" / "model.onnx", b"x")


def test_a_folder_is_not_replaced_by_a_file(tmp_path):
    (tmp_path / "model.onnx").mkdir()
    with pytest.raises(WorkError, match=r"Cannot write .*model\.onnx: "):
        publish_bytes(tmp_path / "model.onnx", b"x")
    assert (tmp_path / "model.onnx").is_dir()


def test_a_folder_already_made_takes_the_place_of_the_old_one(tmp_path):
    made, path = tmp_path / "made", tmp_path / "data"
    for folder, text in ((made, "new"), (path, "old")):
        (folder / "deep").mkdir(parents=True)
        (folder / "deep" / "one").write_text(text)
    publish_made(made, path)
    assert (path / "deep" / "one").read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_moved_is_said_and_the_old_one_stays(tmp_path):
    path = tmp_path / "data"
    path.mkdir()
    with pytest.raises(WorkError, match=r"Cannot write .*data: No such file"):
        publish_made(tmp_path / "nothing", path)
    assert list(tmp_path.iterdir()) == [path]


def test_what_need_not_outlive_a_power_cut_is_still_written_whole(tmp_path):
    path = tmp_path / "part"
    publish(path, lambda draft: draft.write_bytes(b"one"), durable=False)
    with pytest.raises(RuntimeError):
        publish(path, broken, durable=False)
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def broken(draft):
    draft.write_bytes(b"half")
    raise RuntimeError("in the middle")
