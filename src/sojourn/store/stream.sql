-- name: allotted
-- Say up to which id events have been numbered, committed or not.
SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS id FROM journey_events_event_id_seq;

-- name: writers
-- Name the transactions that have written events and have not ended: each holds this lock until
-- its rows, if they are to be, are visible.
SELECT coalesce(array_agg(DISTINCT virtualtransaction), '{}') AS held FROM pg_locks
WHERE locktype = 'relation' AND relation = 'journey_events'::regclass
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND mode = 'RowExclusiveLock' AND granted;

-- name: between
-- Read the events after one id and up to another, in order.
SELECT e.event_id, e.journey_id, j.journey_key, j.client_id, e.seq, e.type, e.at, e.actor,
       e.reason, e.cause, e.data, e.from_stage, e.event, e.to_stage
FROM journey_events e JOIN journey_states j USING (journey_id)
WHERE e.event_id > %(after)s AND e.event_id <= %(until)s
  AND (%(journey_id)s::uuid IS NULL OR e.journey_id = %(journey_id)s)
  AND (%(client_id)s::text IS NULL OR j.client_id = %(client_id)s)
  AND (%(types)s::text[] IS NULL OR e.type = ANY (%(types)s))
ORDER BY e.event_id LIMIT %(limit)s;
