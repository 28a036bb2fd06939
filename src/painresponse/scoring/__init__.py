"""From histories and a bundle to predicted responses."""
