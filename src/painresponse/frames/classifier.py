"""The response model as a scikit-learn classifier: the same learner as in training, to the bit."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from painresponse import markup
from painresponse.clinic import Catalogue, load_catalogue
from painresponse.clinic.targets import expanded
from painresponse.errors import DefinitionError, EstimatorError, unknown
from painresponse.schema import PREDICTION, SUBJECT
from painresponse.training.lessons import Lesson, directions
from painresponse.training.response import ResponseModel, learn
from painresponse.training.settings import TrainingSettings, training_settings

Rows = NDArray[np.float32]
Numbers = NDArray[np.float64]


class ResponseClassifier(ClassifierMixin, BaseEstimator):
    """Predicted response: a penalised regression or boosted trees, whichever the episodes bear; calibrated.

    With a ``target`` of the ``catalogue`` (else the packaged one) its features of one direction are held to
    it, as in `train`. ``settings`` are laid over training.toml; without ``boosted`` the trees are not tried,
    which is quick. ``X`` is n x features (a frame, so that features have names, or an array), unknown NaN;
    ``y`` has two classes, of which the last is the response.

    After ``fit``: ``kind_`` ("boosted", "logistic", or "prevalence" where everybody is given the share of
    responders), ``verdict_`` (what the sample size allows), ``recipes_`` (what was chosen), ``learnt_``
    (every model that was weighed), and ``classes_``, ``n_features_in_``, ``feature_names_in_``. Raises
    EstimatorError (a ValueError) where ``X`` or ``y`` cannot be learnt from, DefinitionError for a target or
    a setting that is not known.

    >>> import numpy as np, painresponse as pr
    >>> rng = np.random.default_rng(1)
    >>> X = rng.normal(size=(300, 2))
    >>> y = X[:, 0] + rng.normal(size=300) > 0
    >>> model = pr.ResponseClassifier(boosted=False).fit(X, y)
    >>> model.kind_
    'logistic'
    >>> model.predict_proba(X).shape
    (300, 2)
    """

    __metadata_request__fit = {"groups": True}  # noqa: RUF012 - so scikit-learn asks for it

    def __init__(
        self,
        target: str | None = None,
        *,
        catalogue: Catalogue | None = None,
        settings: Mapping[str, Any] | None = None,
        boosted: bool = True,
    ):
        self.target = target
        self.catalogue = catalogue
        self.settings = settings
        self.boosted = boosted

    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Learn from episodes with a known outcome.

        ``groups`` are their subjects: what is chosen inside is chosen with each subject on one side; without
        them every row counts as a subject of its own.
        """
        _refuse_asks(X)
        X, y = validate_data(self, X, y, dtype=np.float32, ensure_all_finite="allow-nan")
        self.classes_, response = _response(y)
        settings = self._training()
        names = self._names()
        better, worse = self._declared(names)
        subject = _numbered(groups, len(response))
        lesson = Lesson(names, X, response, subject, np.array(directions(names, better, worse)))
        self.learnt_ = learn(lesson, settings, boosted=self.boosted)
        self.kind_, self.verdict_ = self.learnt_.kind, self.learnt_.verdict
        self.recipes_ = dict(self.learnt_.recipes)
        return self

    def decision_function(self, X: Any) -> Numbers:
        """The calibrated log-odds of response, one a row."""
        chosen = self._chosen()
        return chosen.calibration.odds(chosen.margin(self._rows(X)))

    def predict_proba(self, X: Any) -> Numbers:
        """The probabilities of no response and of response, n x 2."""
        response = self._chosen().probability(self._rows(X))
        return np.stack([1 - response, response], axis=1)

    def predict(self, X: Any) -> NDArray[Any]:
        """The likelier class of each row."""
        likely = self.decision_function(X) > 0
        return self.classes_[likely.astype(int)]

    def _chosen(self) -> ResponseModel:
        check_is_fitted(self)
        return self.learnt_.chosen

    def _rows(self, X: Any) -> Rows:
        _refuse_asks(X)
        return validate_data(self, X, reset=False, dtype=np.float32, ensure_all_finite="allow-nan")

    def _training(self) -> TrainingSettings:
        """A site's own settings lie below those given here."""
        own = self.catalogue.training if self.catalogue else {}
        return training_settings({**own, **(self.settings or {})})

    def _names(self) -> tuple[str, ...]:
        unnamed = (f"x{place}" for place in range(self.n_features_in_))
        return tuple(getattr(self, "feature_names_in_", unnamed))

    def _declared(self, names: tuple[str, ...]) -> tuple[list[str], list[str]]:
        """Of the features there are, those of which more is better, and worse."""
        if self.target is None:
            return [], []
        if not hasattr(self, "feature_names_in_"):
            raise EstimatorError("A target says which features are better or worse: give X as a frame.")
        targets = expanded((self.catalogue or load_catalogue()).targets)
        if self.target not in targets:
            raise DefinitionError(unknown("target", self.target, targets))
        asked = targets[self.target]
        return [one for one in asked.better if one in names], [one for one in asked.worse if one in names]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.classifier_tags.multi_class = False
        return tags

    def _html_repr(self) -> str:
        became = (f"{self.kind_}. {self.verdict_.sentence}",) if hasattr(self, "learnt_") else ()
        return super()._html_repr() + "".join(
            markup.panel("What it became", markup.items(became)) for _ in became
        )


def _response(y: Any) -> tuple[NDArray[Any], Numbers]:
    """The two classes, and 1 where it is the last of them."""
    check_classification_targets(y)
    kind, classes = type_of_target(y), np.unique(y)
    if kind != "binary":
        raise EstimatorError(
            f"Only binary classification is supported. The type of the target is {kind}: give 1 for a "
            "response and 0 for none."
        )
    if len(classes) < 2:
        raise EstimatorError(
            "All outcomes are of one class: there is nothing to learn. Give responses and others."
        )
    return classes, (y == classes[1]).astype(np.float64)


def _numbered(groups: Any, count: int) -> NDArray[np.int64]:
    if groups is None:
        return np.arange(count, dtype=np.int64)
    subject = np.asarray(groups)
    if subject.shape != (count,):
        raise EstimatorError(
            f"groups must hold the subject of each of the {count} rows; it has {len(subject)}."
        )
    return np.unique(subject, return_inverse=True)[1].astype(np.int64)


def _refuse_asks(X: Any) -> None:
    """A subject's number would be learnt from, and tell the model who it is."""
    here = [name for name in (SUBJECT, PREDICTION) if name in getattr(X, "columns", ())]
    if here:
        raise EstimatorError(
            f"X holds {' and '.join(here)}, which are no features. Leave them out, in pandas with "
            f"X.drop(columns={here})."
        )
