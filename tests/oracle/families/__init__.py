"""One module a family of commands, each with a `FAMILY`; found by being here."""
