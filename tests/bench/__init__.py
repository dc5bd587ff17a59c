"""Ratios to redis-server: CPU per request, bytes per key and connection, the longest turn."""
