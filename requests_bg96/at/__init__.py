"""The line to the module: bytes, lines, steps, and the loop that carries them out."""
