"""What the stores that speak SQL share: statements by name, and the collections over them."""
