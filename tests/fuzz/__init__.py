"""Any bytes over the line, from both ends."""
