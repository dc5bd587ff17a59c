"""The differential runner: random command programs against Tarn and redis-server."""
