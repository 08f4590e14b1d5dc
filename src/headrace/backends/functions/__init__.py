"""What answers for Lambda functions."""
