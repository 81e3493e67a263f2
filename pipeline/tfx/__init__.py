"""The pipeline from raw data to a pushed model, of TFX components.

The components call what the commands call; nothing here reads, trains or scores by
itself. This package stands above the library, below the command line alone.
"""
