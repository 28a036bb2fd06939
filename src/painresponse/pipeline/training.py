"""The whole of training: histories to examples to models to one bundle, tracked in MLflow.

Targets are made in processes of their own and kept as they come, so that a training that was killed goes on
where it was.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from painresponse import markup
from painresponse.audit import audit_folder
from painresponse.clinic import Catalogue, load_catalogue
from painresponse.errors import CohortError
from painresponse.evaluation.judged import Account
from painresponse.pipeline.bundling import bundled
from painresponse.pipeline.making import Made, each_made
from painresponse.pipeline.provenance import provenance_of
from painresponse.pipeline.unfinished import Unfinished
from painresponse.readers import histories
from painresponse.report.figures import figures_of
from painresponse.report.page import card as model_card
from painresponse.report.page import write_card
from painresponse.report.reading import record_of
from painresponse.report.wording import plural
from painresponse.scoring.bundle import models_table
from painresponse.scoring.opening import open_bundle
from painresponse.tracking import RunFacts, TrainingRun, training_run
from painresponse.training.cohorts import Cohort, gather
from painresponse.training.fitting import Fitted
from painresponse.training.settings import TrainingSettings, training_settings
from painresponse.training.support import Support, support_models

DEFAULT_STORE = "sqlite:///mlflow.db"


@dataclass(frozen=True)
class Trained:
    """What a training run made: the bundle, the fitted targets and their accounts, why others were left out,
    the MLflow run.
    """

    bundle: Path
    digest: str
    synthetic: bool
    fitted: tuple[Fitted, ...]
    accounts: dict[str, Account]
    skipped: dict[str, str]
    cohort: Cohort
    run: str
    store: str
    registered: str

    def __repr__(self) -> str:
        return f"<{self._heading()}>"

    def _repr_html_(self) -> str:
        labels = {name: account["label"] for name, account in self.accounts.items()}
        models = models_table(
            (one.target, labels[one.target], one.learnt.kind, one.episodes, one.events, one.metrics["auc"])
            for one in self.fitted
        )
        return markup.panel(self._heading(), models, notes=self.skipped.values())

    def _heading(self) -> str:
        mark = f", {markup.SYNTHETIC}" if self.synthetic else ""
        models = plural(len(self.fitted), "model")
        left_out = f", {len(self.skipped)} left out" if self.skipped else ""
        return f"Trained {self.bundle.name}: {models}{left_out}, {self.registered}{mark}"

    def predictions(self) -> pd.DataFrame:
        """Out-of-fold predictions and those of the comparators, a line for each episode and its outcome."""
        return pd.concat([_predictions(self.cohort, one) for one in self.fitted], ignore_index=True)


def train(
    data: str | Path,
    out: str | Path,
    *,
    config: str | Path | None = None,
    store: str = DEFAULT_STORE,
    experiment: str = "painresponse",
    model: str = "painresponse",
    progress: Callable[[], None] = lambda: None,
) -> Trained:
    """Train every target of the catalogue on a MEDS folder, write one bundle and register it in MLflow.

    ``progress`` is called once a shard and once a target. Killed, and started again on the same data with the
    same settings, it does not repeat what is finished. Raises CohortError when no target at all has enough
    outcomes; targets with too few are left out and named in ``skipped``.

    >>> import tempfile, painresponse as pr
    >>> from pathlib import Path
    >>> from painresponse.simulate import simulate
    >>> room = Path(tempfile.mkdtemp())
    >>> made = simulate(room / "clinic", subjects=600, seed=2)
    >>> site = room / "site.toml"
    >>> size = site.write_text('predict = ["scs_trial"]\\n[training]\\nresamples = 100\\nablate = false')
    >>> trained = pr.train(
    ...     room / "clinic", room / "clinic.onnx", config=site, store=f"sqlite:///{room / 'mlflow.db'}"
    ... )
    >>> trained
    <Trained clinic.onnx: 1 model, painresponse version 1, SYNTHETIC — NOT FOR CLINICAL USE>
    """
    data, out = Path(data), Path(out)
    catalogue = load_catalogue(config, data=data)
    settings = training_settings(catalogue.training)
    cohort = gather(histories(data, catalogue.concepts), catalogue, progress=progress)
    provenance = provenance_of(data, settings, catalogue)
    facts = RunFacts(experiment, provenance, _steps(cohort), counts=_counts(cohort), model=model)
    kept = Unfinished.beside(out, facts.key)
    supports = _supports(cohort, catalogue, settings)
    with training_run(store, facts) as run:
        run.note(leak_audit=_leak_audit(data, catalogue, settings))
        made = _make_all(
            cohort, catalogue, settings, kept=kept, supports=supports, run=run, progress=progress
        )
        fitted = [one.fitted for one in made.values() if one.fitted]
        if not fitted:
            raise CohortError(
                f"No target can be trained on these data. {' '.join(one.why_not for one in made.values())}"
            )
        digest = bundled(out, catalogue, cohort, made=made, supports=supports, provenance=provenance)
        record = record_of(open_bundle(out))
        write_card(out.with_name(f"{out.stem}.card.md"), record)
        registered = run.finish(out, card=model_card(record))
    kept.clear()
    return Trained(
        bundle=out,
        digest=digest,
        synthetic=provenance["kind"] == "synthetic",
        fitted=tuple(fitted),
        accounts={name: one.account for name, one in made.items() if one.account},
        skipped={name: one.why_not for name, one in made.items() if one.why_not},
        cohort=cohort,
        run=run.id,
        store=store,
        registered=f"{registered.name} version {registered.version}",
    )


def _steps(cohort: Cohort) -> dict[str, dict[str, int]]:
    return {name: one.steps for name, one in cohort.attrition.items()}


def _counts(cohort: Cohort) -> dict[str, int]:
    subjects = [one.subject for one in cohort.examples.values()]
    return {"events": cohort.intake.given, "subjects_with_episodes": len(np.unique(np.concatenate(subjects)))}


def _leak_audit(data: Path, catalogue: Catalogue, settings: TrainingSettings) -> str:
    if not settings.leak_audit:
        return "not tried"
    return audit_folder(data, catalogue, subjects=settings.leak_audit).proof.verdict


def _supports(cohort: Cohort, catalogue: Catalogue, settings: TrainingSettings) -> dict[str, Support]:
    """Of every target that was given to anybody."""
    given = {name: one for name, one in cohort.examples.items() if len(one)}
    return support_models(given, {name: catalogue.targets[name] for name in given}, settings)


def _make_all(
    cohort: Cohort,
    catalogue: Catalogue,
    settings: TrainingSettings,
    *,
    kept: Unfinished,
    supports: dict[str, Support],
    run: TrainingRun,
    progress: Callable[[], None],
) -> dict[str, Made]:
    """Every target, in catalogue order; in the store and in the kept folder as soon as it is finished."""
    found: dict[str, Made] = {}
    for name, made in each_made(cohort, catalogue, settings, kept):
        if made.fitted and made.account:
            told = {**made.account, "support": supports[name].summary()}
            made = replace(made, account=told)
            run.target(made.fitted, told, figures=figures_of(told))
        found[name] = made
        progress()
    return {name: found[name] for name in catalogue.targets}


def _predictions(cohort: Cohort, fitted: Fitted) -> pd.DataFrame:
    labelled = cohort.examples[fitted.target].labelled()
    return pd.DataFrame(
        {
            "subject_id": labelled.subject,
            "prediction_time": labelled.index.astype("datetime64[us]"),
            "target": fitted.target,
            "outcome": labelled.y,
            "probability": fitted.out_of_fold.probability,
            "twin": fitted.out_of_fold.twin,
            "baseline": fitted.out_of_fold.baseline,
        }
    )
