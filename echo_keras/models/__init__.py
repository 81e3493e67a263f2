"""Encoders and segmentation networks."""
