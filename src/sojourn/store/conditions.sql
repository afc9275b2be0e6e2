-- name: lock
-- Lock a journey and say which number its newest event has.
SELECT seq FROM journey_states WHERE journey_id = %(journey_id)s FOR UPDATE;
