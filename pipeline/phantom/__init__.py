"""Synthetic hearts in the data sets' own formats."""
