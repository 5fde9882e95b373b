"""Everything that a fit is: from settings and rows to a fitted network."""
