"""A store, or an organisation of it, somewhere else: archives, copies, backups."""
