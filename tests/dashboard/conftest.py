from tests.dashboard.life import empty, life, lived

__all__ = ["empty", "life", "lived"]
