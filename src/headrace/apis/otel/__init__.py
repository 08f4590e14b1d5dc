"""OpenTelemetry: traces in OTLP over HTTP, as the server takes them in."""
