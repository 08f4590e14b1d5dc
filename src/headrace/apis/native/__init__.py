"""Our own API, under ``/api``: what neither of the other two protocols has words for."""
