"""Beam and TFX jobs that turn raw data into records."""
