"""scikit-learn's search, whose candidates train together."""
