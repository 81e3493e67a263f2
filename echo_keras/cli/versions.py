"""Versions and labels of models as words of the command line."""

import collections
import re

import click

from echo_keras import errors


class _Version(click.ParamType):
    name = "NAME/NUMBER"

    def convert(self, value, param, ctx):
        match = re.fullmatch(r"([^/:]+)/(\d{1,18})", value, re.ASCII)
        if not match:
            self.fail(f"{value!r} is not NAME/NUMBER, such as lv/3", param, ctx)
        return match[1], int(match[2])


class _Label(click.ParamType):
    name = "NAME/LABEL=NUMBER"

    def convert(self, value, param, ctx):
        match = re.fullmatch(r"([^/:]+)/([^/:=]+)=(\d{1,18})", value, re.ASCII)
        if not match:
            message = f"{value!r} is not NAME/LABEL=NUMBER, such as lv/stable=3"
            self.fail(message, param, ctx)
        return match[1], match[2], int(match[3])


VERSION, LABEL = _Version(), _Label()


def rules(policy, versions, labels):
    """Fields of `catalog.Rules`.

    Args:
        policy: `latest`, `all` or `specific`.
        versions: Tuples of name and number.
        labels: Tuples of name, label and number.

    Returns:
        Dict of `policy`, `versions` and `labels`.

    Raises:
        InputError: Versions are named without `specific`, or the reverse.
    """
    if (policy == "specific") != bool(versions):
        raise errors.InputError(
            "--version-policy specific and --model-version NAME/NUMBER need each other"
        )
    by_name, by_label = collections.defaultdict(list), collections.defaultdict(dict)
    for name, number in versions:
        by_name[name].append(number)
    for name, label, number in labels:
        by_label[name][label] = number
    return {"policy": policy, "versions": dict(by_name), "labels": dict(by_label)}
