"""The HTTP side: health so far, and the API to come."""
