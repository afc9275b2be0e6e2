"""PostgreSQL: the only place that holds SQL, and the only store there is."""
