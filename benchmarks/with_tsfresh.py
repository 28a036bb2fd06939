"""Run by tsfresh's own environment: eight summaries of every subject and concept, one window; CPU seconds."""

import sys
import time

import pandas as pd
from tsfresh import extract_features

CHOSEN = {
    "length": None,
    "mean": None,
    "minimum": None,
    "maximum": None,
    "sum_values": None,
    "standard_deviation": None,
    "linear_trend": [{"attr": "slope"}],
    "quantile": [{"q": 1.0}],
}

if __name__ == "__main__":
    events = pd.read_parquet(sys.argv[1])
    start = time.process_time()
    found = extract_features(
        events,
        column_id="subject_id",
        column_sort="time",
        column_kind="concept",
        column_value="value",
        default_fc_parameters=CHOSEN,
        n_jobs=0,
        disable_progressbar=True,
    )
    print(time.process_time() - start, found.shape[1])
