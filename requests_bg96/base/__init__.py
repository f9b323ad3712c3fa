"""Parts that every layer may use. They use no layer."""
