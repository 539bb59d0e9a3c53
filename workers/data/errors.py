"""What can be wrong with data that come from outside."""


class DataError(ValueError):
    """Data that cannot be read or used; the message names the place and says what to do."""
