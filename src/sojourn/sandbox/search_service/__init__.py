"""A search service after the shape of Glean's public API, for clients that are not there."""
