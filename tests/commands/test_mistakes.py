"""A wrong word is named with the nearest right one, in one line on standard error; nothing else is said."""

import pytest

from painresponse.commands import complaints
from tests.commands.conftest import SHIPPED

MISTAKES = [
    (("scor",), "Unknown command 'scor'. Did you mean 'score'?"),
    (("SCORE",), "Did you mean 'score'?"),
    (("import", "cvs"), "Unknown command 'cvs'. Did you mean 'csv'?"),
    (("check", "DIR", "--jsno"), "Unknown option '--jsno'. Did you mean '--json'?"),
    (("--versoin",), "Did you mean '--version'?"),
    (("show", SHIPPED, "--target", "rfaa"), "Did you mean 'rfa'?"),
    (("show", SHIPPED, "--explain", "opioid_mme_per_dya"), "Did you mean 'opioid_mme_per_day'?"),
    (("features", "--explain", "opioid_mme_per_dya"), "Did you mean 'opioid_mme_per_day'?"),
    (("features", "FOLDER", "--out", "OUT", "--engine", "sprak"), "Did you mean 'spark'?"),
    (("simulate", "--out", "OUT", "--preset", "registri"), "Did you mean 'registry'?"),
    (("promote", "painresponse", "--to", "champoin"), "Did you mean 'champion'?"),
    (("api-key", "ward-3", "--scope", "scroe"), "Did you mean 'score'?"),
    (("check", "FOLDER", "--config", "SITE"), "Did you mean 'training'?"),
    (("check",), "DIR is missing. A MEDS folder. See painresponse check --help."),
    (("score", SHIPPED, "FOLDER"), "--out is missing."),
    (("check", "DIR", "--config"), "requires an argument"),
    (("check", "DIR", "DIR"), "unexpected extra argument"),
    (("simulate", "--out", "OUT", "--subjects", "many"), "--subjects: Input should be a valid integer"),
    (("simulate", "--out", "OUT", "--seed", "-1"), "--seed: Input should be greater than or equal to 0"),
    (("explain", SHIPPED, "FOLDER", "--subject", 1, "--out", "why.jpg"), "Unknown kind of picture '.jpg'"),
    (("audit-log", "FOLDER", "--after", "yesterday"), "Give --after a hash"),
]


@pytest.mark.parametrize(("words", "said"), MISTAKES, ids=[" ".join(map(str, one[0])) for one in MISTAKES])
def test_a_mistake_is_one_line_with_the_nearest_word(call, folder, tmp_path, words, said):
    site = tmp_path / "site.toml"
    site.write_text("[trainning]\nseed = 1\n")
    places = {"FOLDER": folder, "OUT": tmp_path / "out", "SITE": site}
    done = call(*(places.get(word, word) for word in words))
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("painresponse: ") and done.err.count("\n") == 1
    assert said in done.err
    assert list(tmp_path.iterdir()) == [site]


def test_a_call_without_a_word_shows_what_can_be_said(call):
    done = call()
    assert done.code == 2 and "Exit codes" in done.out and done.err == ""


def test_a_fault_of_ours_is_named_by_its_place_and_never_by_what_it_held(call, folder, monkeypatch):
    """No such fault is known, so one is made."""

    def broken(*_, **__):
        raise KeyError("Mrs Miller, 7.5 mg")

    monkeypatch.setattr("painresponse.inventory.take_inventory", broken)
    done = call("check", folder)
    assert done.code == 1
    assert "a fault of painresponse, not of your call: KeyError in commands/data.py, line " in done.err
    assert "Miller" not in done.err and "Traceback" not in done.err


def test_the_traceback_of_a_fault_can_be_asked_for(call, folder, monkeypatch):
    monkeypatch.setenv(complaints.SHOW_ALL, "1")
    monkeypatch.setattr("painresponse.inventory.take_inventory", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        call("check", folder)
