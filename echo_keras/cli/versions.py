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


def options(command):
    """Give a command the options that say which versions are served."""
    for option in (
        click.option(
            "--label",
            "labels",
            type=LABEL,
            multiple=True,
            help="NAME/LABEL=NUMBER, another name of a version; may be repeated.",
        ),
        click.option(
            "--model-version",
            "versions",
            type=VERSION,
            multiple=True,
            help="NAME/NUMBER to serve, for specific; may be repeated.",
        ),
        click.option(
            "--version-policy",
            type=click.Choice(["latest", "all", "specific"]),
            default="latest",
            show_default=True,
            help="Which versions of each model to serve.",
        ),
    ):
        command = option(command)
    return command


def rules(given):
    """Fields of `catalog.Rules`.

    Args:
        given: Dict of what `options` gave: `version_policy`, `versions` as tuples of
            name and number, `labels` as tuples of name, label and number.

    Returns:
        Dict of `policy`, `versions` and `labels`.

    Raises:
        InputError: Versions are named without `specific`, or the reverse.
    """
    if (given["version_policy"] == "specific") != bool(given["versions"]):
        raise errors.InputError(
            "--version-policy specific and --model-version NAME/NUMBER need each other"
        )
    by_name, by_label = collections.defaultdict(list), collections.defaultdict(dict)
    for name, number in given["versions"]:
        by_name[name].append(number)
    for name, label, number in given["labels"]:
        by_label[name][label] = number
    return {
        "policy": given["version_policy"],
        "versions": dict(by_name),
        "labels": dict(by_label),
    }
