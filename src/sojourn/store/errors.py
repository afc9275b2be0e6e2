"""What goes wrong with PostgreSQL, in words for users."""


class DatabaseError(Exception):
    """PostgreSQL cannot be used; the message says why and what to do, never a password."""


class DatabaseUnavailable(DatabaseError):
    """PostgreSQL is away for the moment. Where that was while it committed, nobody knows if it has.

    Trying again is right for what notices that it was done, as all the engine's work does.
    """
