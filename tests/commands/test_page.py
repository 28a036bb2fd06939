"""The page of the command line shows what commands say today."""

import pytest

from tests.lib.commands import PAGE, blocks, every_command, recorded, typist, usage

TEXT = PAGE.read_text(encoding="utf-8")


def test_every_command_is_on_the_page_with_its_usage():
    shown = [command for command, _ in blocks(TEXT) if command.endswith("--help")]
    assert set(shown) == {"painresponse --help", *(f"painresponse {name} --help" for name in every_command())}


@pytest.mark.parametrize(("command", "said"), [one for one in blocks(TEXT) if one[0].endswith("--help")])
def test_the_usage_shown_is_the_usage(command, said):
    assert usage(command) == said, "run `make docs`"


@pytest.mark.slow
def test_the_page_is_written_from_commands_as_they_are(tmp_path):
    assert recorded(TEXT, typist(tmp_path)) == TEXT, "run `make docs`"
