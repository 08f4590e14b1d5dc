"""What the server tells of itself as figures, in the formats of Prometheus: ``GET /metrics``."""
