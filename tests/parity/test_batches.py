"""However many rows are explained, a bundle answers as it does row by row."""

import numpy as np
import pytest

from painresponse.scoring.bundle import EXPLAINED_AT_ONCE, Bundle
from painresponse.scoring.opening import open_bundle


@pytest.fixture(scope="module")
def bundle(tiny_bundle) -> Bundle:
    return open_bundle(tiny_bundle)


@pytest.mark.parametrize("count", [0, 1, EXPLAINED_AT_ONCE, EXPLAINED_AT_ONCE + 1, 3 * EXPLAINED_AT_ONCE - 1])
@pytest.mark.parametrize("explain", [(), (0,)])
def test_a_batch_gets_what_its_rows_get_alone(bundle, count, explain):
    rows = np.random.default_rng(1).standard_normal((count, len(bundle.features))).astype(np.float32)
    whole = bundle.run(rows, explain=explain)
    assert whole.contributions.shape == (len(explain), count, len(bundle.features))
    for place in range(0, count, 31):
        alone = bundle.run(rows[place : place + 1], explain=explain)
        for name, found in whole._asdict().items():
            np.testing.assert_array_equal(found[..., place : place + 1, :], getattr(alone, name))
