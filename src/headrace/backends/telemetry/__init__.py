"""Takes the server's own spans to who keeps them."""
