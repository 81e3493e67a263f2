"""Objectives of pretraining and segmentation."""
