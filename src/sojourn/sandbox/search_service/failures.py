"""What the service refuses, and with which status."""


class Refused(Exception):
    """A request that cannot be carried out; ``status`` is HTTP's."""

    def __init__(self, status: int, message: str) -> None:
        """Say why, in a sentence that names the fix."""
        super().__init__(message)
        self.status = status
