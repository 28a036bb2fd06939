"""The leaflet of a bundle: whoever has just received the file is told what it is, in words and in figures."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from painresponse.commands.showing import show
from painresponse.errors import BundleError, DefinitionError
from painresponse.report.leaflet import leaflet_of, of_target
from painresponse.report.overview import overview
from painresponse.report.pictures import SHOWN, pictures_of, write_pictures
from painresponse.report.prose import WIDTH, columns, section
from painresponse.report.sheet import sheet
from painresponse.report.shortfalls import shortfalls
from painresponse.report.table import Table
from painresponse.scoring.opening import open_bundle
from tests.lib.bundles import TARGETS
from tests.lib.tampering import edited
from tests.report import example

PNG = b"\x89PNG"
KNOWN = [1.0, 2.0, 40.0, 52.0, 61.0, 80.0, 88.0]


@pytest.fixture(scope="module")
def rich_bundle(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with an account of its first target, and what features were like in training."""
    path = tmp_path_factory.mktemp("rich") / "rich.onnx"
    path.write_bytes(edited(tiny_bundle.read_bytes(), _enrich))
    return path


def _enrich(metadata):
    metadata["name"] = "rich"
    metadata["accounts"] = {"scs_permanent": example.full_account()}
    metadata["skipped"] = {"mpp": "12 responses: too few to train."}
    metadata["provenance"] |= {
        "data": "example clinic",
        "data_fingerprint": "3f" * 32,
        "settings": {"seed": 7, "baseline": "pain_mean_30d"},
        "versions": {"painresponse": "0.1.0"},
    }
    metadata["reference"] = {
        "age": [*KNOWN, 1.0],
        "crp_last": [*KNOWN, 0.25],
        "acth_last": [None] * 7 + [0.0],
    }


@pytest.fixture(scope="module")
def rich(rich_bundle):
    return leaflet_of(open_bundle(rich_bundle))


@pytest.fixture(scope="module")
def bare(tiny_bundle):
    return leaflet_of(open_bundle(tiny_bundle))


def text(sections) -> str:
    """As a person reads it, whatever line a word stands on."""
    return " ".join(" ".join([one.title, *one.lines]) for one in sections).replace("\u00a0", " ")


def said(sections) -> str:
    return " ".join(text(sections).split())


def titles(sections) -> list[str]:
    return [one.title for one in sections]


def of(sections, title) -> str:
    return said([one for one in sections if one.title == title])


# ---- what is told ----


def test_it_reads_from_what_it_predicts_to_where_it_comes_from(rich):
    assert titles(overview(rich)) == [
        "Bundle rich",
        "What it predicts",
        "From what",
        "What moves the predictions most",
        "How well",
        "On whom",
        "When it refuses to answer",
        "What it warns of",
        "What it must not be used for",
        "Limits",
        "Where it comes from",
        "More",
    ]


def test_every_target_is_named_in_words_and_so_is_one_without_a_model(rich):
    told = of(overview(rich), "What it predicts")
    for name in TARGETS:
        assert name in told
    assert "radiofrequency ablation (thermal lesion): at least 50 % less pain, 6 months" in told
    assert "Without a model: mpp. 12 responses: too few to train." in told


def test_features_are_counted_by_family_and_biomarkers_told_with_their_units(rich):
    told = of(overview(rich), "From what")
    assert f"{rich['inputs']['features']} features" in told
    assert "questionnaires" in told and "conventional treatment" in told
    assert "C-reactive protein mg/L" in told and "25 %" in told
    assert "hardly ever known in training: corticotropin (ACTH)." in told


def test_no_feature_is_left_out_of_the_families(rich):
    families = rich["inputs"]["families"]
    assert sum(families.values()) >= rich["inputs"]["features"]
    assert families["biomarkers"] >= len(rich["inputs"]["biomarkers"])


def test_what_moves_a_prediction_is_told_in_the_words_of_an_answer_s_reasons(rich):
    told = of(overview(rich), "What moves the predictions most")
    assert "40 % raises average pain, numeric rating scale 0-10 (mean, past 30 days)" in told


def test_figures_come_with_their_intervals(rich):
    auc, low, high = rich["targets"][0]["performance"]["model"]["auc"]
    assert f"{auc:.2f} ({low:.2f} to {high:.2f})" in of(overview(rich), "How well")


def test_groups_that_fit_less_well_are_named_and_those_that_block_release_said_to(rich):
    told = of(overview(rich), "How well")
    assert (
        "scs_permanent fits less well, beyond noise, in" in told and "age band 65+ (blocks release)" in told
    )
    told = of(sheet(of_target(rich, "scs_permanent")), "Whom it fits less well, and elsewhere")
    assert "age band 65+: calibration leaves its bounds, which blocks release; told apart less well" in told


def test_the_lost_are_told_of_with_their_share(rich):
    assert f"2,400 {example.LOST} (13 %) 2,090 1,150 (55 %)" in of(overview(rich), "On whom")
    assert "Median age 52; half were 40 to 61 years old." in of(overview(rich), "On whom")


def test_a_target_in_full_says_why_this_kind_of_model_and_against_what(rich):
    full = sheet(of_target(rich, "scs_permanent"))
    assert "Model: boosted trees. Boosted trees were chosen" in of(full, "What scs_permanent predicts")
    told = of(full, "How well")
    for comparator in ("response model", "logistic twin", "baseline score alone", "share of responders"):
        assert comparator in told
    assert "Interval: held-out centres: 90 %." in told
    assert "intractable pain 2,600" in of(full, "On whom") and "age band 65+" in of(full, "On whom")
    assert "social 2 0.012 (0.004 to 0.021)" in of(full, "What moves its predictions")


def test_a_model_is_not_compared_with_itself(rich):
    account = json.loads(json.dumps(rich["targets"][0]))
    account["model"]["kind"] = "logistic"
    account["performance"]["twin"] = account["performance"]["model"]
    account["performance"]["differences"]["auc_over_twin"] = [0.0, 0.0, 0.0]
    told = of(sheet({**rich, "targets": [account]}), "How well")
    assert "is the model itself" in told
    assert "logistic twin 0." not in told and "AUC over logistic twin" not in told


def test_a_target_in_full_refuses_for_its_own_reasons_only(rich):
    told = of(sheet(of_target(rich, "rfa")), "When it refuses to answer")
    assert "R04_NO_BASELINE" in told and "diagnostic nerve block" in told
    assert "stimulation lead" not in told


def test_a_refusal_of_some_targets_names_them(rich):
    told = of(overview(rich), "When it refuses to answer")
    assert "only knows patients after it. (rfa)" in told
    assert "R01_AGE: The patient is younger than 18 years, or the birth date is missing. - " in told


def test_flags_are_told_where_the_bundle_has_any(tiny_bundle, tmp_path):
    flag = {"code": "F_FEW", "words": "Learnt from few.", "targets": ["rfa"]}
    path = tmp_path / "flagged.onnx"
    path.write_bytes(edited(tiny_bundle.read_bytes(), lambda metadata: metadata.update(flags=[flag])))
    told = of(overview(leaflet_of(open_bundle(path))), "What it warns of")
    assert "F_FEW: Learnt from few. (rfa)" in told


def test_misuse_is_named_and_a_synthetic_bundle_is_never_for_patients(rich):
    told = of(overview(rich), "What it must not be used for")
    assert "never for patients" in told and "not a ranking" in told and "not the effect" in told
    assert "SYNTHETIC — NOT FOR CLINICAL USE" in of(overview(rich), "Bundle rich")


def test_a_clinic_s_bundle_is_not_called_synthetic_and_is_suspected_where_it_is_too_good(
    rich_bundle, tmp_path
):
    def real(metadata):
        metadata["provenance"]["kind"] = "clinic"
        metadata["accounts"]["scs_permanent"]["performance"]["model"]["auc"] = [0.9, 0.88, 0.92]

    path = tmp_path / "clinic.onnx"
    path.write_bytes(edited(rich_bundle.read_bytes(), real))
    told = said(overview(leaflet_of(open_bundle(path))))
    assert "SYNTHETIC" not in told and "never for patients" not in told
    assert "more often a leak than a discovery" in told


def test_where_it_comes_from_tells_it_from_every_other_bundle(rich):
    told = of(overview(rich), "Where it comes from")
    assert rich["sha256"] in told and "example clinic" in told and "3f3f3f3f3f3f3f3f…" in told
    assert "Seed 7" in told and f"Schema of the bundle {rich['schema']}" in told


def test_other_settings_have_another_fingerprint(tiny_bundle, rich):
    other = edited(
        tiny_bundle.read_bytes(), lambda metadata: metadata["provenance"].update(settings={"seed": 8})
    )
    path = tiny_bundle.with_name("other.onnx")
    path.write_bytes(other)
    prints = {one["provenance"]["settings_fingerprint"] for one in (rich, leaflet_of(open_bundle(path)))}
    assert len(prints) == 2


def test_a_bundle_without_accounts_tells_what_its_cards_know_and_what_was_not_examined(bare):
    told = said(overview(bare))
    assert "0.50 (0.45 to 0.55)" in told and "400 150 (38 %)" in told
    assert "What moves the predictions most Not examined." in told
    full = said(sheet(of_target(bare, "rfa")))
    assert "Made for tests." in full and "Groups of patients were not examined." in full
    assert "not recorded" in full


# ---- how it is laid out ----


@pytest.mark.parametrize("name", ["", *TARGETS])
def test_no_line_is_wider_than_a_terminal(rich, bare, name):
    for leaflet in (rich, bare):
        shown = sheet(of_target(leaflet, name)) if name else overview(leaflet)
        assert max(len(line) for one in shown for line in one.lines) <= WIDTH


WORDS = st.text("abcdefgh", min_size=1, max_size=11)
CELLS = st.lists(WORDS, min_size=1, max_size=12).map(" ".join)


@given(st.lists(st.tuples(CELLS, WORDS, WORDS), min_size=1, max_size=5), st.booleans())
def test_a_table_fits_the_terminal_and_loses_no_letter(rows, prose):
    rows = [one[::-1] for one in rows] if prose else rows
    lines = columns(Table(("one", "two words", "three"), rows, prose=prose))
    assert max(map(len, lines)) <= WIDTH
    shown = sorted("".join(lines).replace(" ", ""))
    assert shown == sorted("onetwowordsthree" + "".join("".join(row) for row in rows).replace(" ", ""))


def test_numbers_stand_to_the_right_and_words_to_the_left():
    assert columns(Table(("who", "n"), [("a", "5"), ("b", "1,200")])) == [
        "  who      n",
        "  a        5",
        "  b    1,200",
    ]


def test_a_section_neither_begins_nor_ends_empty():
    assert section("a", ["", "b", "", "", "c", ""]).lines == ["b", "", "c"]


# ---- groups that fit less well ----


def group(**figures):
    return {"grouping": "sex", "label": "female", "figures": figures}


def judged(*groups, slope=1.0):
    whole = {"auc": [0.7, 0.65, 0.75], "calibration_slope": [slope, 0.5, 1.5]}
    return {"performance": {"model": whole}, "subgroups": {"groups": list(groups)}}


def test_what_is_wrong_for_everybody_is_no_group_s_own():
    assert shortfalls(judged(group(calibration_slope=[0.75, 0.6, 0.9]), slope=0.8)) == []


@pytest.mark.parametrize(
    ("figures", "how"),
    [
        ({"auc": [0.6, 0.5, 0.69]}, "told apart less well"),
        ({"calibration_in_the_large": [-0.1, -0.15, -0.05]}, "predictions too high by 10 points"),
        ({"calibration_in_the_large": [0.1, 0.05, 0.15]}, "predictions too low by 10 points"),
        ({"calibration_slope": [0.5, 0.2, 0.9]}, "predictions too extreme"),
        ({"calibration_slope": [1.5, 1.2, 1.9]}, "predictions too timid"),
    ],
)
def test_a_group_fits_less_well_only_beyond_noise(figures, how):
    (found,) = shortfalls(judged(group(**figures)))
    assert found["group"] == "sex female" and found["how"][0].startswith(how)


@pytest.mark.parametrize(
    "figures",
    [
        {"auc": [0.6, 0.5, 0.71]},
        {"auc": [0.8, 0.76, 0.85]},
        {"calibration_in_the_large": [-0.1, -0.25, 0.05]},
        {"calibration_slope": [0.5, 0.2, 1.1]},
        {"auc": [0.5, None, None]},
        {},
    ],
)
def test_a_group_that_may_be_like_the_others_is_not_accused(figures):
    assert shortfalls(judged(group(**figures))) == []


# ---- the command ----


def test_the_command_prints_the_leaflet(rich_bundle, capsys):
    show(rich_bundle)
    told = capsys.readouterr().out
    assert "Bundle rich" in told and "golden patients replayed" in told
    show(rich_bundle, target="cbt")
    assert "What cbt predicts" in capsys.readouterr().out


def test_machines_get_the_same_as_plain_data(rich_bundle, capsys):
    show(rich_bundle, json=True)
    told = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert [one["target"] for one in told["targets"]] == list(TARGETS)
    assert told["synthetic"] is True and told["targets"][0]["summary"]["episodes"] == 2090
    show(rich_bundle, target="rfa", json=True)
    (only,) = json.loads(capsys.readouterr().out)["targets"]
    assert only["target"] == "rfa"


def test_a_misspelt_target_is_named_with_those_there_are(rich_bundle):
    with pytest.raises(BundleError, match="Did you mean 'rfa'"):
        show(rich_bundle, target="rfaa")


def test_the_lineage_of_a_feature_can_still_be_asked_for(rich_bundle, capsys):
    show(rich_bundle, explain="pain_mean_30d")
    assert "mean of pain in 30 d" in capsys.readouterr().out


def test_figures_are_written_for_the_targets_that_have_an_account(rich_bundle, tmp_path, capsys):
    show(rich_bundle, figures=tmp_path / "figures")
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert names == {f"scs_permanent-{name}.png" for name in SHOWN}
    assert all(path.read_bytes()[:4] == PNG for path in (tmp_path / "figures").iterdir())
    assert "scs_permanent-importance.png" in capsys.readouterr().out


def test_a_picture_says_what_it_is_of_and_that_it_is_synthetic(rich):
    for _, figure in pictures_of(rich):
        assert (
            "spinal cord stimulation" in figure.get_suptitle()
            and "NOT FOR CLINICAL USE" in figure.get_suptitle()
        )
    for _, figure in pictures_of({**rich, "synthetic": False}):
        assert "SYNTHETIC" not in figure.get_suptitle()


def test_figures_are_not_written_over_others_unasked(rich, tmp_path):
    folder = tmp_path / "figures"
    write_pictures(folder, rich)
    (folder / "scs_permanent-roc.png").write_bytes(b"old")
    with pytest.raises(DefinitionError, match="already there"):
        write_pictures(folder, rich)
    assert (folder / "scs_permanent-roc.png").read_bytes() == b"old"
    write_pictures(folder, rich, overwrite=True)
    assert len(list(folder.iterdir())) == len(SHOWN)


def test_a_folder_of_something_else_is_never_replaced(rich, tmp_path):
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(DefinitionError, match="more than pictures"):
        write_pictures(tmp_path, rich, overwrite=True)
    assert (tmp_path / "thesis.docx").read_text() == "years of work"


def test_where_there_is_nothing_to_draw_nothing_is_written(tiny_bundle, tmp_path):
    with pytest.raises(BundleError, match="nothing to draw"):
        show(tiny_bundle, figures=tmp_path / "figures")
    assert list(tmp_path.iterdir()) == []
