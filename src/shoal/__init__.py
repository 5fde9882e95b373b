"""Shallow neural networks, whole shoals of them."""
