"""Contrastive methods: the only training steps of our own."""
