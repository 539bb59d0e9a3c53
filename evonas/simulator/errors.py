"""Errors of a simulation that its user can mend."""


class SimulationError(ValueError):
    """This cannot be simulated; the message says why, and what to do."""
