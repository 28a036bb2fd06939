"""Run by the compilers' own environment: LightGBM models through treelite, tl2cgen or lleaves, one thread.

`with_compilers.py PEER FOLDER` says how long it took to get ready. Then every line it reads says in how many
calls the rows in FOLDER are to be scored; it answers with CPU seconds a call and leaves there what it found.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

Score = Callable[[np.ndarray], np.ndarray]


def with_treelite(path: Path) -> Score:
    import treelite

    model = treelite.frontend.load_lightgbm_model(path)
    return lambda rows: treelite.gtil.predict(model, rows, nthread=1)


def with_tl2cgen(path: Path) -> Score:
    import tl2cgen
    import treelite

    model, library = treelite.frontend.load_lightgbm_model(path), path.with_suffix(".so")
    tl2cgen.export_lib(model, toolchain="gcc", libpath=library, params={})
    predictor = tl2cgen.Predictor(library, nthread=1)
    return lambda rows: predictor.predict(tl2cgen.DMatrix(rows, dtype="float32"))


def with_lleaves(path: Path) -> Score:
    import lleaves

    model = lleaves.Model(model_file=path)
    model.compile()
    return lambda rows: model.predict(rows, n_jobs=1)


PEERS = {"treelite": with_treelite, "tl2cgen": with_tl2cgen, "lleaves": with_lleaves}


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what compilers print themselves is no answer
    peer, folder = PEERS[sys.argv[1]], Path(sys.argv[2])
    begun = time.perf_counter()
    scores = [peer(path) for path in sorted(folder.glob("*.txt"))]
    print(time.perf_counter() - begun, file=answers)
    for line in sys.stdin:
        batches = np.split(np.load(folder / "rows.npy"), int(line))
        start = time.process_time()
        found = [[score(rows) for score in scores] for rows in batches]
        spent = time.process_time() - start
        np.save(folder / "found.npy", [np.ravel(one) for one in found[-1]])
        print(spent / len(batches), file=answers)
