"""What answers for Lex bots."""
