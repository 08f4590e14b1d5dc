"""The process that code runs in: started by ``fork_server``, locked before it sees a line of that code.

Everything here runs in an interpreter of its own without site-packages, so it imports nothing but the
standard library and itself.
"""
