"""A cohort from Parquet to Parquet, shard by shard: its feature matrix, or its scores."""

from painresponse.batch.features import features_folder
from painresponse.batch.runs import Engine, Made, in_process, in_processes
from painresponse.batch.scores import Scored, score_folder

__all__ = ["Engine", "Made", "Scored", "features_folder", "in_process", "in_processes", "score_folder"]
