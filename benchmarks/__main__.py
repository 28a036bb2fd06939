"""``python -m benchmarks``: every benchmark, or the named ones."""

import sys
from importlib import import_module

NAMES = ("features", "onnx_rows", "opening", "scoring", "server", "omop", "size")

for name in sys.argv[1:] or NAMES:
    print(f"\n== {name}")
    import_module(f"benchmarks.{name}").main()
