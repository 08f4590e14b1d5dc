"""Checks of Amazon Bedrock Flows: both services, flows and prompts only."""
