"""What is said to the module: scripts of AT commands, without I/O."""
