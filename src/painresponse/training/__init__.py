"""From cohort to fitted model."""
