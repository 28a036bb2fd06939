import io

import numpy as np
import pytest
from matplotlib.figure import Figure

from painresponse.report.figures import all_figures, importance_figure
from painresponse.training.fitting import Fitted
from tests.training_models.patients import Simulated

TITLE = "nerve block (therapeutic): at least 50 % less pain, 1 month"


@pytest.fixture(scope="module")
def figures(fitted: Fitted, simulated: Simulated) -> dict[str, Figure]:
    return all_figures(fitted, title=TITLE, oracle=simulated.truth[fitted.out_of_fold.row])


def words_of(figure: Figure) -> str:
    figure.draw_without_rendering()
    return " ".join(text.get_text() for text in figure.findobj(lambda item: hasattr(item, "get_text")))


def test_every_figure_can_be_drawn_and_says_which_target_it_is_about(figures: dict[str, Figure]) -> None:
    assert set(figures) == {"calibration", "roc", "importance"}
    for figure in figures.values():
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
        assert buffer.getvalue().startswith(b"\x89PNG")
        assert "nerve block (therapeutic)" in words_of(figure)


def test_no_figure_recommends(figures: dict[str, Figure]) -> None:
    for figure in figures.values():
        assert not {"recommended", "best"} & set(words_of(figure).lower().split())


def test_the_roc_figure_gives_the_auc_of_every_score(figures: dict[str, Figure], fitted: Fitted) -> None:
    said = words_of(figures["roc"])
    for name in ("auc", "twin_auc", "baseline_auc"):
        assert f"AUC {fitted.metrics[name].value:.2f}" in said
    assert "the simulation's own truth" in said


def test_the_histogram_counts_every_episode(figures: dict[str, Figure], fitted: Fitted) -> None:
    _, people = figures["calibration"].axes
    assert sum(abs(bar.get_height()) for bar in people.patches) == fitted.episodes


def test_features_are_shown_largest_first_and_in_the_words_given() -> None:
    figure = importance_figure({"a": 3.0, "b_c": 1.0}, title=TITLE, words={"a": "pain now"})
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["b c", "pain now"]
    assert np.allclose([bar.get_width() for bar in axes.patches], [25, 75])


def test_a_model_that_learnt_nothing_has_an_empty_figure() -> None:
    assert len(importance_figure({}, title=TITLE).axes[0].patches) == 0
