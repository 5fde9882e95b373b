"""Exercise sheets: one exercise for each slide, small enough to compute by hand, and their solutions by the textbook."""
