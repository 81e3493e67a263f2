"""Beam and TFX jobs that turn raw data into records."""

import logging

# On import Beam warns of a missing checksum library that google-crc32c stands in for.
logging.getLogger().addFilter(lambda record: "crcmod" not in str(record.msg))
