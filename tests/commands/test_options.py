"""An option means the same wherever it stands, and every command says how it is called."""

from collections import defaultdict

import pytest

from tests.lib.commands import every_command

COMMANDS = every_command()

OWN_WORDS = {
    "--asks": "default: ",  # who is asked about where nobody says differs by command
    "--explain": "Only say where",
    "--keys": "",  # of a server, or of patients
    "--out": "",  # what is written differs by command
    "--store": "MLflow tracking store",
    "--subjects": "How many patients",
    "--target": "Only this target",
}
"""Options whose help or default is each command's own, and what must be in it all the same."""

OWN_DEFAULTS = {"--preset"}
"""A demo shows the preset that looks like a registry."""

NO_ANSWER = {"demo", "serve"}
"""They talk until they end: there is no answer to be read by a machine."""


def options(command):
    return {name: one for one in command.params for name in one.opts if name.startswith("--")}


def by_option():
    found = defaultdict(dict)
    for name, command in COMMANDS.items():
        for option, one in options(command).items():
            found[option][name] = one
    return found


@pytest.mark.parametrize("option", sorted(set(by_option()) - set(OWN_WORDS)))
def test_the_same_option_is_described_alike_everywhere(option):
    meant = {name: one for name, one in by_option()[option].items() if not one.required}
    assert len({one.help for one in meant.values()}) <= 1
    assert option in OWN_DEFAULTS or len({str(one.default) for one in meant.values()}) <= 1


@pytest.mark.parametrize("option", OWN_WORDS)
def test_where_words_differ_they_say_the_same_kind_of_thing(option):
    assert [name for name, one in by_option()[option].items() if OWN_WORDS[option] not in one.help] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_argument_and_option_says_what_it_is(name):
    assert [one.name for one in COMMANDS[name].params if not one.help] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_no_help_holds_square_brackets(name):
    """What draws the help takes words between them for a style, and leaves them out."""
    texts = [COMMANDS[name].help, *(one.help for one in COMMANDS[name].params)]
    assert [text for text in texts if "[" in text] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_arguments_have_names_in_capitals(name):
    arguments = [one for one in COMMANDS[name].params if one.param_type_name == "argument"]
    assert [one.name for one in arguments if not (one.metavar or "").isupper()] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example_of_itself(name):
    assert f"Example: painresponse {name} " in COMMANDS[name].help


@pytest.mark.parametrize("name", COMMANDS)
def test_every_answer_can_be_had_for_machines(name):
    assert ("--json" in options(COMMANDS[name])) == (name not in NO_ANSWER)
