"""Models of raw tables: from a table to scikit-learn's Pipeline, in memory or in blocks, and inspection by the table's columns."""
