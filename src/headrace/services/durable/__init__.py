"""Executions that go on without their caller."""
