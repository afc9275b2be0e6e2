-- name: known
-- Find the version of a path by its content.
SELECT path_id, version FROM paths WHERE name = %(name)s AND digest = %(digest)s;

-- name: lock
-- Let one process at a time give a path its next version.
SELECT pg_advisory_xact_lock(hashtext('sojourn path ' || %(name)s));

-- name: add
-- Add the next version of a path.
INSERT INTO paths (name, version, digest, document)
SELECT %(name)s, 1 + coalesce(max(version), 0), %(digest)s, %(document)s
FROM paths WHERE name = %(name)s
RETURNING path_id, version;

-- name: add_transitions
-- Add the transition table of a path version.
INSERT INTO transitions (path_id, from_stage, event, to_stage)
SELECT %(path_id)s, x."from", x.event, x."to"
FROM jsonb_to_recordset(%(rows)s) AS x("from" text, event text, "to" text);

-- name: by_id
-- Read path versions by id.
SELECT path_id, name, version, digest, document FROM paths WHERE path_id = ANY(%(ids)s);

-- name: by_version
-- Read one version of a path, the newest where none is named.
SELECT path_id, name, version, digest, document FROM paths
WHERE name = %(name)s AND (%(version)s::int IS NULL OR version = %(version)s)
ORDER BY version DESC LIMIT 1;

-- name: list
-- List path versions with how many journeys run and have ended on each.
SELECT p.name, p.version, p.digest, p.created_at,
       count(j.journey_id) FILTER (WHERE j.ended_at IS NULL) AS running,
       count(j.journey_id) FILTER (WHERE j.ended_at IS NOT NULL) AS ended
FROM paths p LEFT JOIN journey_states j USING (path_id)
GROUP BY p.path_id ORDER BY p.name, p.version;
