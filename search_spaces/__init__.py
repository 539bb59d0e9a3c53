"""What is a layer? Graphs of primitives and moments, their text form, canonical form and code."""
