"""Several clinics that share no patients: each sums up, what they hand out is pooled."""
