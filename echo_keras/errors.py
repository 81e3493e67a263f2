"""The exceptions that a user is meant to read."""


class InputError(Exception):
    """A mistake in the user's input, told as one sentence with its remedy.

    The command line prints the sentence without a traceback and exits with 2.
    Anything else that is raised is a bug and keeps its traceback.
    """


class NothingToGoOnFromError(InputError):
    """What a killed run left is of another run or damaged; it has to be removed."""
