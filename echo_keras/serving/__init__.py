"""Export, REST serving and evaluation."""
