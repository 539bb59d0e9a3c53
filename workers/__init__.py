"""How good is a layer: anchors, data, proxy training, rejection protocols, evaluation, and the
pools that run it.
"""
