"""Client journey orchestration: from a signed contract to production, on live evidence."""
