"""The outside world in small: documents, search, users and the agents that work on them."""
