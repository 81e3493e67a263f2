"""Contrastive pretraining and segmentation for echocardiograms with few labels."""

import os

# TensorFlow leaves oneDNN off on processors without AVX-512; it is faster there too.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
