"""The complete definition of a fit: from settings and rows to a fitted network."""
