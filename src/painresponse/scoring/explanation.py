"""One patient in words: what one model says, from where it starts, and what moves it how far."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isnan
from typing import TYPE_CHECKING, Any

from painresponse import markup
from painresponse.scoring.bundle import Bundle, TargetCard
from painresponse.scoring.flags import words_of
from painresponse.scoring.phrases import COMPARED
from painresponse.scoring.reasons import SMALLEST_POINTS, Reason, base_probability, own_probability
from painresponse.scoring.scores import Scores
from painresponse.scoring.waterfall import Picture, axes_for, draw, refuse

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = 10
"""Reasons a picture has room for; the others are added up."""

CAUTION = "Reasons describe what the model goes by; they are not causes."
_LIFT = "raised, not to fall below a narrower kind of response"
_LIFTED = 1e-9


@dataclass(frozen=True)
class Explanation:
    """Why one model says what it says of one patient; where it refuses, ``refusal`` (code, words) says why.

    Probabilities go from 0 to 1 and are NaN where refused. ``base`` is what the model says at the mean
    log-odds of those it was learnt from, ``own`` what it says of this patient, ``probability`` the answer
    with its interval: ``own``, or more where a narrower kind of response was given more (whoever has that has
    this one too). ``100 * base``, the points of the ``reasons`` and ``rest``, those of all other features,
    add up to ``100 * own``, not to what it was raised to. What is called low and high is said in `phrases`.
    ``flags`` (code, words) are what to keep in mind beside it.
    """

    subject: int
    index: str
    target: str
    label: str
    probability: float
    low: float
    high: float
    support: float
    base: float
    own: float
    reasons: tuple[Reason, ...]
    rest: float
    flags: tuple[tuple[str, str], ...]
    refusal: tuple[str, str] | None
    notices: tuple[str, ...]

    @property
    def heading(self) -> str:
        """What and whom it is about."""
        return f"{self.label}\nSubject {self.subject}, {self.index}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be known to read the reasons."""
        compared = any(one.value.endswith(("low", "high")) for one in self.reasons)
        return (*((COMPARED,) if compared else ()), *((CAUTION,) if self.reasons else ()))

    @property
    def lift(self) -> float:
        """Percentage points by which the answer was raised to agree with that for another target."""
        moved = self.probability - self.own
        return 100 * moved if moved > _LIFTED else 0.0

    def sentences(self) -> list[str]:
        """What is said, then a sentence for each reason, the largest first."""
        if self.refusal:
            return [self._refused()]
        flagged = (f"Mind: {words} ({code})" for code, words in self.flags)
        return [*self._answer(), *flagged, *(f"{one.text}." for one in self.reasons), *self._remainder()]

    def plot(self, axes: "Axes | None" = None) -> "Axes":
        """Draw the way from the base to the answer. Raises WorkError where matplotlib is missing."""
        place = axes_for([self.steps], shown=True)[0] if axes is None else axes
        if self.refusal:
            return refuse(self._refused(), self.heading, place)
        return draw(self._picture(), place)

    @property
    def steps(self) -> int:
        """How many steps its picture has."""
        return 0 if self.refusal else len(self._picture().steps)

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON values, with the text of each reason; unknown numbers are None."""
        told = {name: _plain(value) for name, value in asdict(self).items()} | {"notes": list(self.notes)}
        return told | {"reasons": [asdict(one) | {"text": one.text} for one in self.reasons]}

    def __str__(self) -> str:
        said = (f"- {one}" for one in self.sentences())
        return "\n".join((self.heading, *said, *self.notes, *self.notices))

    def _repr_html_(self) -> str:
        notes = (*self.notes, *self.notices)
        return markup.panel(self.heading, markup.items(self.sentences()), notes=notes)

    def _refused(self) -> str:
        code, words = self.refusal or ("", "")
        return f"No prediction: {words} ({code})"

    def _answer(self) -> list[str]:
        likely = (
            f"Such a patient was given this intervention with a probability of {_percent(self.support)}: "
            "support for the prediction, no reason to give it."
        )
        return [
            f"Predicted response {_percent(self.probability)}; in 9 of 10 clinics the model has not seen, "
            f"{_percent(self.low)} to {_percent(self.high)} of such patients respond.",
            *([] if isnan(self.support) else [likely]),
            f"Before anything is known of the patient the model says {_percent(self.base)}.",
        ]

    def _remainder(self) -> list[str]:
        rest = f"the predicted response by {abs(self.rest):.1f} percentage points."
        verb = "raise" if self.rest > 0 else "lower"
        lifted = f"These add up to {_percent(self.own)}; the answer was {_LIFT}: whoever has that has this."
        return [
            *([f"All other features together {verb} {rest}"] if abs(self.rest) >= SMALLEST_POINTS else []),
            *([lifted] if self.lift else []),
        ]

    def _picture(self) -> Picture:
        """Its largest reasons as steps, the others and what they do not explain as one more."""
        shown, others = self.reasons[:SHOWN], self.reasons[SHOWN:]
        steps = [(f"{one.words}\n{one.value}", one.points) for one in shown]
        steps.append(("all other features together", self.rest + sum(one.points for one in others)))
        if self.lift:
            steps.append((_LIFT, self.lift))
        interval = (100 * self.low, 100 * self.high)
        return Picture(self.heading, 100 * self.base, steps, interval, "\n".join(self.notices))


def explanations(bundle: Bundle, scores: Scores, notices: tuple[str, ...]) -> list[Explanation]:
    """An explanation for each ask and target of scores that carry all their reasons."""
    cards, words = {card.name: card for card in bundle.targets}, words_of(bundle.flags)
    minutes = [
        str(one).replace("T", " ") for one in scores.index.astype("datetime64[us]").astype("datetime64[m]")
    ]
    return [
        _explanation(cards[name], scores, (row, column), words, notices, index=minute)
        for row, minute in enumerate(minutes)
        for column, name in enumerate(scores.targets)
    ]


def _explanation(
    card: TargetCard,
    scores: Scores,
    place: tuple[int, int],
    words: Mapping[str, str],
    notices: tuple[str, ...],
    *,
    index: str,
) -> Explanation:
    refused = int(scores.refused[place])
    own = float(own_probability(card, scores.margin[place]))
    base = base_probability(card)
    reasons = () if scores.reasons is None else scores.reasons[place[0]][place[1]]
    return Explanation(
        subject=int(scores.subject[place[0]]),
        index=index,
        target=card.name,
        label=card.label,
        probability=float(scores.probability[place]),
        low=float(scores.low[place]),
        high=float(scores.high[place]),
        support=float(scores.support[place]),
        base=base,
        own=own,
        reasons=reasons,
        rest=100 * (own - base) - sum(one.points for one in reasons),
        flags=tuple((code, words[code]) for code in scores.flags[place[0]][place[1]]),
        refusal=scores.refusals[refused] if refused >= 0 else None,
        notices=notices,
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _plain(value: object) -> object:
    if isinstance(value, float) and isnan(value):
        return None
    return list(value) if isinstance(value, tuple) else value
