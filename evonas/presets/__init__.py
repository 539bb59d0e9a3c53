"""Presets: run configurations by name."""
