"""What is wrong with a network."""


class AnchorError(ValueError):
    """The settings of an anchor make no network for its data; the message says why."""
