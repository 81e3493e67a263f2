"""Scores of masks and their intervals."""
