-- Finding and listing for people; nothing here changes a row.

-- name: clients_like
-- List clients whose names begin in a given way.
SELECT DISTINCT client_id FROM journey_states WHERE starts_with(client_id, %(prefix)s)
ORDER BY client_id LIMIT %(limit)s;

-- name: page
-- List journeys whole, filtered, in order of key after a given one.
SELECT * FROM journey_states
WHERE (%(stage)s::text IS NULL OR current_stage = %(stage)s)
  AND (%(ball)s::text IS NULL OR ball_with = %(ball)s)
  AND (%(schedule)s::text IS NULL OR (schedule = %(schedule)s AND ended_at IS NULL))
  AND (%(path)s::text IS NULL OR path_name = %(path)s)
  AND (%(owner)s::text IS NULL OR owner = %(owner)s)
  AND (%(held)s::boolean IS NULL OR (held_since IS NOT NULL) = %(held)s)
  AND (%(active)s::boolean IS NULL OR (ended_at IS NULL) = %(active)s)
  AND (%(search)s::text IS NULL OR strpos(lower(client_id), lower(%(search)s)) > 0)
  AND (%(after)s::text IS NULL OR journey_key > %(after)s)
ORDER BY journey_key LIMIT %(limit)s;

-- name: tail
-- Read the newest events of a journey, or of all, oldest first.
SELECT * FROM (
    SELECT e.event_id, e.journey_id, j.client_id, e.seq, e.type, e.at, e.actor, e.reason, e.cause,
           e.data, e.from_stage, e.event, e.to_stage
    FROM journey_events e JOIN journey_states j USING (journey_id)
    WHERE (%(journey_id)s::uuid IS NULL OR e.journey_id = %(journey_id)s)
      AND (%(type)s::text IS NULL OR e.type = %(type)s OR e.event = %(type)s)
    ORDER BY e.event_id DESC LIMIT %(limit)s) x
ORDER BY event_id;

-- name: since
-- Read events after an id, of a journey or of all, oldest first.
SELECT e.event_id, e.journey_id, j.client_id, e.seq, e.type, e.at, e.actor, e.reason, e.cause,
       e.data, e.from_stage, e.event, e.to_stage
FROM journey_events e JOIN journey_states j USING (journey_id)
WHERE e.event_id > %(after)s
  AND (%(journey_id)s::uuid IS NULL OR e.journey_id = %(journey_id)s)
  AND (%(type)s::text IS NULL OR e.type = %(type)s OR e.event = %(type)s)
ORDER BY e.event_id LIMIT %(limit)s;

-- name: newest_event
-- Say which event was written last.
SELECT coalesce(max(event_id), 0) AS event_id FROM journey_events;

-- name: units_called
-- Find units by their own id, ours or their name, with the client of each, newest first.
SELECT u.journey_id, u.uow_id, u.external_id, u.name, u.visit, j.client_id
FROM units_of_work u JOIN journey_states j USING (journey_id)
WHERE (u.external_id = %(unit)s OR u.name = %(unit)s OR u.uow_id::text = %(unit)s)
  AND (%(journey_id)s::uuid IS NULL OR u.journey_id = %(journey_id)s)
ORDER BY u.visit DESC, u.created_at DESC LIMIT 100;

-- name: unit_names
-- List how the units of a journey can be called, newest visit first.
SELECT uow_id, external_id, name, visit FROM units_of_work
WHERE journey_id = %(journey_id)s ORDER BY visit DESC, created_at;

-- name: figures
-- Count what the database holds, and how large it is.
SELECT (SELECT count(*) FROM journey_states WHERE ended_at IS NULL) AS active,
       (SELECT count(*) FROM journey_states WHERE ended_at IS NOT NULL) AS ended,
       pg_database_size(current_database()) AS bytes,
       current_setting('server_version') AS server;

-- name: has_history
-- Say whether a migration was ever applied.
SELECT to_regclass('schema_migrations') IS NOT NULL AS there;

-- name: applied
-- List the migrations that were applied.
SELECT version FROM schema_migrations ORDER BY version;
