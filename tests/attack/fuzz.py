"""Fuzzes a reader, led by its coverage: python -m tests.attack.fuzz READER BUNDLE FOLDER -seed=1 …

Options of libFuzzer stand behind the folder, into which an input that breaks the reader is written.
"""

import json
import sys
from pathlib import Path
from random import Random

import atheris

from tests.attack.mutations import change

with atheris.instrument_imports(include=["painresponse", "painresponse_serve"]):
    from tests.attack.readers import BY_NAME, read_or_complained, seeds, served_from

LONGEST = 20_000


def mutated(data: bytes, size: int, seed: int) -> bytes:
    """Another input: mostly JSON changed so that it stays JSON, else bytes changed as libFuzzer does."""
    rng = Random(seed)
    text = _changed(data, rng) if rng.random() < 0.8 else None
    return text if text and len(text) <= size else bytes(atheris.Mutate(data, size))


def _changed(data: bytes, rng: Random) -> bytes | None:
    try:
        value = json.loads(data)
        change(value, rng)
    except (ValueError, RecursionError):
        return None
    return json.dumps(value).encode()


def main() -> None:
    name, bundle, folder, *options = sys.argv[1:]
    served, corpus = served_from(Path(bundle)), Path(folder) / "corpus"
    corpus.mkdir()
    for number, one in enumerate(seeds(name, served)):
        (corpus / str(number)).write_bytes(one)
    fixed = [f"-max_len={LONGEST}", "-timeout=10", "-rss_limit_mb=2000", f"-artifact_prefix={folder}/"]
    atheris.Setup(
        [sys.argv[0], str(corpus), *fixed, *options],
        lambda data: read_or_complained(BY_NAME[name], served, data),
        custom_mutator=mutated,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
