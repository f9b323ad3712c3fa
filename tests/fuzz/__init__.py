"""Whatever comes over the line, from either end."""
