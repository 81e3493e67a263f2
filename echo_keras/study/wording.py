"""How figures of a study read: the field's way of writing them, and what they say."""

REFERENCES = {"recorded": "as recorded", "reference": "of the reference masks"}
"""What an ejection fraction of `scores.REFERENCES` is, in words."""


def figure(value, signed=False):
    """A share in the field's way, such as `.9123` or `+.0044`."""
    text = f"{value:+.4f}" if signed else f"{value:.4f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def distance(value, signed=False):
    """A distance or an error, such as `5.20`."""
    return f"{value:+.2f}" if signed else f"{value:.2f}"


def share(fraction):
    """A fraction in words, such as `5 %`."""
    return f"{100 * fraction:.3g} %"


def told(effect, write, signed=False):
    """A value with the interval that draws patients and runs."""
    low, high = (write(end, signed) for end in effect["both"])
    return f"{write(effect['value'], signed)} ({low} to {high})"


def verdict(interval, *, unsure="not shown"):
    """What the interval of a difference in Dice says of the second arm or model."""
    low, high = interval
    return "better" if low > 0 else "worse" if high < 0 else unsure
