"""The loops that keep journeys moving; each is a `Loop`, stateless but for what it has in hand."""
