"""Carries evaluators out: code in the sandbox, prompts by the configured models."""
