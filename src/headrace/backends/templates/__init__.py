"""The languages that templates of prompts may be written in, beside the default one."""
