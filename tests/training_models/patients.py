"""Examples with a known truth: 20 of 180 columns matter, all are noisy, 7 to 80 % are missing."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from painresponse.training.examples import Examples

INFORMATIVE, COLUMNS = 20, 180
NAMES = ("pain_mean_30d", *(f"column_{place}" for place in range(1, COLUMNS)))


@dataclass(frozen=True)
class Simulated:
    """Examples and the true probability of response of each."""

    examples: Examples
    truth: np.ndarray


def simulate(subjects: int, *, seed: int, signal: float = 1.0, lost: float = 0.1) -> Simulated:
    """One or two episodes a subject; the first 20 columns carry the response, the second lowers it."""
    rng = np.random.default_rng(seed)
    subject = np.repeat(np.arange(subjects), rng.integers(1, 3, subjects))
    traits = rng.standard_normal((subjects, INFORMATIVE))[subject]
    n = len(subject)
    effects = np.linspace(0.5, 0.1, INFORMATIVE) * np.where(np.arange(INFORMATIVE) % 2, -1, 1)
    truth = expit(-0.3 + signal * traits @ effects)
    x = rng.standard_normal((n, COLUMNS))
    x[:, :INFORMATIVE] = traits + 0.4 * x[:, :INFORMATIVE]
    missing = rng.uniform(0.15, 0.8, COLUMNS)
    missing[:INFORMATIVE] /= 2
    x[rng.random((n, COLUMNS)) < missing] = np.nan
    y = (rng.random(n) < truth).astype(np.float64)
    y[rng.random(n) < lost] = np.nan
    examples = Examples(
        "simulated_target",
        NAMES,
        x.astype(np.float32),
        y,
        subject.astype(np.int64),
        np.arange(n, dtype=np.int64),
        np.zeros(n, np.int64),
    )
    return Simulated(examples, truth)
