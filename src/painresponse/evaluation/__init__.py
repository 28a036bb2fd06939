"""What predictions are worth: figures from predicted and observed alone. Nothing here fits a response model."""
