"""HTTP: routes, their JSON, and who may call them. No logic of its own."""
