"""The side of urllib3: connections and pools over a modem."""
