"""What every layer may use; it uses none of them."""
