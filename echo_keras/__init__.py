"""Contrastive pretraining and segmentation for echocardiograms with few labels."""
