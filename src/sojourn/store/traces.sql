-- name: stamp
-- Say until the end of the transaction which trace it belongs to.
SELECT set_config('sojourn.traceparent', %(traceparent)s, true);
