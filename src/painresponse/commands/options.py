"""Arguments and options that several commands take: said once, so that they mean the same everywhere."""

from pathlib import Path
from typing import Annotated

import typer

from painresponse.commands import completion

BundleFile = Annotated[Path, typer.Argument(metavar="BUNDLE", help="A bundle written by painresponse train.")]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A MEDS folder.")]

AllowSynthetic = Annotated[
    bool, typer.Option("--allow-synthetic", help="Accept a bundle trained on simulated patients.")
]
AsksFile = Annotated[
    Path | None,
    typer.Option(
        "--asks",
        help="Parquet or CSV with subject_id and prediction_time; default: a day after the last event.",
    ),
]
Config = Annotated[
    Path | None, typer.Option("--config", help="Site configuration (TOML) laid over the packaged one.")
]
EngineName = Annotated[
    str,
    typer.Option("--engine", help="local, or spark on a cluster.", autocompletion=completion.engines),
]
Jobs = Annotated[
    int | None, typer.Option("--jobs", min=1, help="Processes of this machine; default: all cores.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Master = Annotated[
    str | None, typer.Option("--master", envvar="SPARK_MASTER", help="Which cluster; default: Spark's own.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is already there.")]
Preset = Annotated[
    str,
    typer.Option("--preset", help="See configs/simulation.toml.", autocompletion=completion.presets),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same again.")]
Store = Annotated[str, typer.Option("--store", envvar="MLFLOW_TRACKING_URI", help="MLflow tracking store.")]
Targets = Annotated[
    list[str] | None,
    typer.Option("--target", help="Only this target (may repeat).", autocompletion=completion.targets),
]
TrustedKey = Annotated[
    Path | None, typer.Option("--trusted-key", help="Only a bundle signed by the holder of this key (PEM).")
]

STORE = "sqlite:///mlflow.db"
"""Where runs are tracked unless something else is said."""
