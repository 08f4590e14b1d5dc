"""Moving in from Humanloop: bringing in what another server kept, with its ids and times (humanloop 6)."""
