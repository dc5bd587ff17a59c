"""Helpers shared by every Python test: servers, raw protocol, conditions, ports."""
