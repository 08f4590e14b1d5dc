"""What answers to the ports of ``core.effects``: models, code, functions, objects, knowledge, agents."""
