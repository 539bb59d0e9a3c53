"""Searches without training: the real loop on simulated workers, scores from a stated source."""
