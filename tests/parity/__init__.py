"""The same tests with the stock adapter and over the modem, with equal results."""
