"""Putting a layer into a model that exists: what is replaced, and what is left alone and why."""
