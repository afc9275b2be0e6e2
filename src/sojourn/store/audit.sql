-- Reading for the audit.

-- name: steady
-- Let everything that the transaction reads be of one moment.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;

-- name: moves
-- Say on which path version each transition of some journeys was made.
SELECT journey_id, seq, path_id FROM journey_events
WHERE journey_id = ANY(%(ids)s) AND type = 'transition' ORDER BY journey_id, seq;
