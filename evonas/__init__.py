"""The search itself and what the user sees: configuration, evolution, export, command line."""
