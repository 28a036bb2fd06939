"""For the notebook: data frames in and out, through the same engine, learner and scorer as everywhere."""
