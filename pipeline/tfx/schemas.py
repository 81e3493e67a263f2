"""The curated schema of the measures, which lies beside this module."""

import pathlib

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

PATH = pathlib.Path(__file__).with_name("schema.pbtxt")


def read():
    """The schema as a protocol buffer."""
    return text_format.Parse(PATH.read_text(), schema_pb2.Schema())


def names():
    """Names of the measures that it describes, which statistics are taken of."""
    return [feature.name for feature in read().feature]
