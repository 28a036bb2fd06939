"""The picture of a prediction: every step where it belongs, points in figures, nothing by colour alone."""

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from painresponse.scoring.waterfall import LOWERS, RAISES, Picture, axes_for, draw, refuse

PICTURE = Picture(
    title="radiofrequency ablation: at least 50 % less pain, 6 months",
    base=40.0,
    steps=[
        ("average pain\n8, high", -6.0),
        ("a name so long that nobody could read it in one line beside the picture\nyes", 2.5),
        ("all other features together", -0.04),
    ],
    interval=(22.0, 51.0),
    note="SYNTHETIC",
)

WITHOUT = """
import sys
sys.modules["matplotlib"] = None
from painresponse.scoring.waterfall import axes_for
try:
    axes_for([3])
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.fixture(scope="module")
def axes():
    return draw(PICTURE, axes_for([3])[0])


def test_arrows_lead_from_the_base_to_the_answer(axes):
    ends = [(patch.get_xy()[0, 0], patch.get_xy()[2, 0]) for patch in axes.patches]
    assert ends == [pytest.approx(pair) for pair in ((40, 34), (34, 36.5), (36.5, 36.46))]


def test_an_arrow_points_the_way_it_moves_the_prediction_and_has_its_colour(axes):
    colours = [patch.get_facecolor() for patch in axes.patches]
    lowers, raises, small = colours
    assert lowers == small != raises
    assert {RAISES, LOWERS} == {"#0072B2", "#D55E00"}
    tips = [patch.get_xy()[:, 0] for patch in axes.patches]
    assert tips[0].argmin() == 2
    assert tips[1].argmax() == 2


def test_points_stand_beside_their_arrow_with_their_sign(axes):
    said = [text.get_text() for text in axes.texts]
    assert said == ["−6.0", "+2.5", "0.0", "40.0 %", "36.5 %"]


def test_labels_are_words_with_values_broken_into_lines_that_can_be_read(axes):
    labels = [one.get_text() for one in axes.get_yticklabels()]
    assert labels[0] == "before anything is known of the patient"
    assert labels[1] == "average pain\n8, high"
    assert labels[2].splitlines()[-1] == "yes"
    assert labels[4] == "predicted response\nin 9 of 10 clinics 22 to 51 %"
    assert max(len(line) for label in labels for line in label.splitlines()) <= 46


def test_the_interval_is_marked_about_the_answer(axes):
    whisker = next(line for line in axes.lines if line.get_marker() == "|")
    assert list(whisker.get_xdata()) == [22, 51]
    assert list(whisker.get_ydata()) == [4, 4]
    left, right = axes.get_xlim()
    assert left < 22 < 51 < right


def test_no_word_stands_outside_the_picture_or_upon_another(axes):
    axes.figure.draw_without_rendering()
    whole = axes.figure.bbox
    beyond = axes.get_xticklabels()  # matplotlib keeps some that it does not draw
    words = [one for one in axes.findobj(Text) if one.get_text() and one not in beyond]
    drawn = [one.get_window_extent() for one in words]
    assert len(words) >= 12
    assert all(one.x0 >= whole.x0 and one.x1 <= whole.x1 for one in drawn)
    assert all(one.y0 >= whole.y0 and one.y1 <= whole.y1 for one in drawn)
    labels = [one.get_window_extent() for one in axes.get_yticklabels()]
    assert all(upper.y0 >= lower.y1 for upper, lower in pairwise(labels))
    assert max(one.x1 for one in labels) <= axes.get_window_extent().x0


def test_what_must_be_said_stands_below(axes):
    assert axes.get_xlabel().splitlines()[-1] == "SYNTHETIC"


def test_a_prediction_without_any_reason_is_a_picture_too():
    axes = draw(Picture("none", 40.0, [], (40.0, 40.0)), axes_for([1])[0])
    assert [text.get_text() for text in axes.texts] == ["40.0 %", "40.0 %"]


def test_a_refusal_stands_in_the_place_of_a_picture():
    axes = refuse("No prediction: too young", "radiofrequency ablation", axes_for([0])[0])
    assert axes.texts[0].get_text() == "No prediction: too young"
    assert not axes.patches


def test_axes_of_one_s_own_are_drawn_upon():
    own = Figure().subplots()
    assert draw(PICTURE, own) is own


def test_several_pictures_stand_below_each_other_each_with_the_room_it_needs():
    small, large = axes_for([0, 12])
    assert small.figure is large.figure
    heights = small.get_gridspec().get_height_ratios()
    assert heights[1] > 2 * heights[0]
    assert np.isclose(sum(heights), small.figure.get_size_inches()[1])


def test_without_matplotlib_the_complaint_says_what_to_install():
    said = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True).stdout
    assert said == "WorkError Drawing needs matplotlib: pip install 'painresponse[train]' brings it.\n"
