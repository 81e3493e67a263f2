"""Readers of the data sets as they are downloaded."""
