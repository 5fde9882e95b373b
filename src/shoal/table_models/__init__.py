"""Models of raw tables: from a table to scikit-learn's Pipeline, in memory or in pieces, and what the model says of a table."""
