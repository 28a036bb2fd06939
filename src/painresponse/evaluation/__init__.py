"""What predictions are worth, from predicted and observed alone. Nothing here fits a response model."""
