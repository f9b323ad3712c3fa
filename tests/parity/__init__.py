"""The same tests with the stock adapter and over the modem, equal results."""
