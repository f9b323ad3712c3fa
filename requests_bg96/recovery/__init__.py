"""Recovery: open the port, resynchronise the module, and repeat requests."""
