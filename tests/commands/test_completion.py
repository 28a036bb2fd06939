"""What Tab offers, asked as the shells ask."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from painresponse.commands import completion
from painresponse.tracking.promotion import ALIASES
from tests.commands.conftest import SHIPPED
from tests.house.test_light_import import HEAVY

PROGRAM = Path(sys.executable).with_name("painresponse")

LINES = [
    ("painresponse sco", {"score"}),
    ("painresponse import ", {"csv", "omop", "fhir"}),
    ("painresponse score --trus", {"--trusted-key"}),
    (f"painresponse score {SHIPPED} clinic --target scs", {"scs_trial", "scs_permanent"}),
    (f"painresponse explain {SHIPPED} clinic --target rfa --target cb", {"cbt"}),
    (f"painresponse show {SHIPPED} --target mp", {"mpp"}),
    (f"painresponse show {SHIPPED} --explain opioid_mme", {"opioid_mme_per_day", "opioid_mme_highest"}),
    ("painresponse features --explain opioid_mme", {"opioid_mme_per_day", "opioid_mme_highest"}),
    ("painresponse features clinic --engine ", {"local", "spark"}),
    ("painresponse simulate --preset r", {"rct_like", "registry", "registry_quality", "real_world"}),
    ("painresponse promote painresponse --to ", {"champion", "candidate"}),
    ("painresponse api-key ward-3 --scope s", {"score"}),
    ("painresponse score nowhere.onnx clinic --target ", set()),
    (f"painresponse score {__file__} clinic --target ", set()),
    ("painresponse features --config nowhere.toml --explain opioid", set()),
]


@pytest.mark.parametrize(("line", "offered"), LINES, ids=[line.rpartition("/")[2] for line, _ in LINES])
def test_the_words_that_may_come_next_are_offered_and_no_others(call, monkeypatch, line, offered):
    words = line.split(" ")
    monkeypatch.setenv("_PAINRESPONSE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    done = call()
    assert (done.code, done.err) == (0, "")
    assert set(done.out.split()) == offered


@pytest.mark.parametrize(
    ("shell", "more"), [("zsh", {}), ("fish", {"_TYPER_COMPLETE_FISH_ACTION": "get-args"})]
)
def test_other_shells_are_answered_in_their_own_way(call, monkeypatch, shell, more):
    line = f"painresponse show {SHIPPED} --target scs"
    for name, value in {
        "_PAINRESPONSE_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": line,
        **more,
    }.items():
        monkeypatch.setenv(name, value)
    done = call()
    assert done.code == 0 and "scs_trial" in done.out and "scs_permanent" in done.out


def test_aliases_are_those_that_promote_knows():
    assert set(completion.ALIASES) == set(ALIASES)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shell", "file"),
    [
        ("bash", ".bash_completions/painresponse.sh"),
        ("zsh", ".zfunc/_painresponse"),
        ("fish", ".config/fish/completions/painresponse.fish"),
    ],
)
def test_the_script_is_installed_for_the_shell_it_is_asked_from(tmp_path, shell, file):
    """A process named like the shell asks, as the shell would: two of the three may not be installed."""
    named = tmp_path / shell
    named.symlink_to("/bin/bash")
    home = {**os.environ, "HOME": str(tmp_path), "SHELL": str(named)}
    asked = [str(named), "-c", f"{PROGRAM} --install-completion; true"]
    done = subprocess.run(asked, env=home, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and (tmp_path / file).exists(), done.stdout + done.stderr


@pytest.mark.slow
def test_bash_itself_completes_a_target():
    """Its own function, with the script that painresponse prints."""
    script = f"""
        PATH={PROGRAM.parent}:$PATH
        source <(painresponse --show-completion)
        COMP_WORDS=(painresponse show {SHIPPED} --target scs_p) COMP_CWORD=4
        _painresponse_completion painresponse
        echo "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["scs_permanent"], done.stderr


def test_nothing_heavy_is_loaded_for_a_target():
    light = {"rich", "typer"}  # what draws the command line itself
    line = f"painresponse show {SHIPPED} --target scs"
    code = """
import atexit, sys
from painresponse.commands import main
atexit.register(lambda: print("loaded:", *{name.split(".")[0] for name in sys.modules}))
sys.argv = ["painresponse"]
main()
"""
    asked = {"_PAINRESPONSE_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": "4"}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **asked}, capture_output=True, text=True, timeout=60
    )
    assert "scs_trial" in done.stdout, done.stderr
    assert set(done.stdout.split()) & (HEAVY - light) == set()
