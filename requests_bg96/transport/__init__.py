"""The urllib3 layer: connections and pools over a modem."""
