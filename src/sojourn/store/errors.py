"""What goes wrong with PostgreSQL, in words for users."""


class DatabaseError(Exception):
    """PostgreSQL cannot be used; the message says why and what to do, never a password."""


class DatabaseUnavailable(DatabaseError):
    """PostgreSQL is away for the moment: nothing was committed, and trying again is right."""
