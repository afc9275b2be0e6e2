-- name: due
-- Pick and lock journeys that were woken or whose time has come, skipping those being changed.
-- What others have in hand is passed over, and not only left out at the end: two would find the same
-- journeys, and one of them none. Not FOR UPDATE: whoever adds a measurement to the journey need
-- not wait for its decision.
WITH woken AS (
    SELECT j.*, row_number() OVER () AS nth
    FROM (SELECT journey_id
          FROM (SELECT journey_id, wakeup_id FROM wakeups
                WHERE NOT parked AND journey_id <> ALL(%(resting)s::uuid[])
                ORDER BY wakeup_id LIMIT %(limit)s * 10) w
          GROUP BY journey_id ORDER BY min(wakeup_id)) w
    CROSS JOIN LATERAL (SELECT journey_id, due_at FROM journey_states j
                        WHERE j.journey_id = w.journey_id
                        LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) j
    LIMIT %(limit)s
), timed AS (
    SELECT j.*, row_number() OVER () AS nth
    FROM (SELECT journey_id, due_at FROM journey_states WHERE due_at <= %(now)s
          ORDER BY due_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED) j
), locked AS (
    SELECT journey_id, max(due_at) AS due_at
    FROM (SELECT * FROM woken UNION ALL SELECT * FROM timed) x
    GROUP BY journey_id ORDER BY min(nth) LIMIT %(limit)s
), taken AS (
    DELETE FROM wakeups w USING locked l WHERE w.journey_id = l.journey_id
    RETURNING w.wakeup_id, w.journey_id, w.facts, w.source
)
-- Another may have looked between this statement's beginning and its lock: then there is no more to
-- see.
SELECT l.journey_id, w.facts, w.source FROM locked l LEFT JOIN taken w USING (journey_id)
WHERE w.wakeup_id IS NOT NULL OR l.due_at <= %(now)s
ORDER BY w.wakeup_id;

-- name: lock
-- Lock journeys in a fixed order, so that two writers cannot wait for each other.
SELECT journey_id FROM journey_states WHERE journey_id = ANY(%(ids)s)
ORDER BY journey_id FOR NO KEY UPDATE;

-- name: states
-- Load journeys whole.
SELECT * FROM journey_states WHERE journey_id = ANY(%(ids)s);

-- name: rulings
-- Load what people have ruled at the journeys' present visits, oldest first.
SELECT a.journey_id, a.criterion, a.answer, a.actor, a.roles, a.at, a.visit, a.reason,
       a.expires_at, a.evidence, a.evidence_hash
FROM approvals a JOIN journey_states j USING (journey_id, visit)
WHERE a.journey_id = ANY(%(ids)s) ORDER BY a.approval_id;

-- name: open_rollbacks
-- Load the rollbacks in progress.
SELECT journey_id, rollback_id, from_stage, target_stage, trigger_type, reason, started_at,
       deadline_at
FROM rollback_history WHERE journey_id = ANY(%(ids)s) AND completed_at IS NULL;

-- name: open_alerts
-- Load the keys of the alerts that are open.
SELECT journey_id, kind, subject, raised_at FROM alerts
WHERE journey_id = ANY(%(ids)s) AND resolved_at IS NULL;

-- name: facts
-- Load the latest word on every fact of the journeys.
SELECT journey_id, name, value, at, source, actor FROM facts WHERE journey_id = ANY(%(ids)s);

-- name: find
-- Find journeys by client, key or id; active ones first, then the newest.
SELECT journey_id, journey_key, client_id, path_name, current_stage, ended_at
FROM journey_states
WHERE client_id = %(name)s OR journey_key = %(name)s OR journey_id = %(id)s
ORDER BY (ended_at IS NULL) DESC, started_at DESC LIMIT 20;

-- name: similar
-- Find client names that begin like a given one, for a hint.
SELECT DISTINCT client_id FROM journey_states ORDER BY client_id LIMIT 500;

-- name: insert
-- Insert new journeys.
INSERT INTO journey_states (journey_id, client_id, current_stage, previous_stage, started_at,
    stage_started_at, completed_stages, metadata, journey_key, path_id, path_name, visit,
    admitted_at, target_stage, held_since, hold_reason, held_by, holds, wave, rollout_percent,
    rollbacks, soak, trips, gate, requested_by, owner, ended_at, ball_with, waiting_for, schedule,
    possible_at, due_at, seq, hash, stage_seq)
SELECT journey_id, client_id, current_stage, previous_stage, started_at, stage_started_at,
    completed_stages, metadata, journey_key, path_id, path_name, visit, admitted_at, target_stage,
    held_since, hold_reason, held_by, holds, wave, rollout_percent, rollbacks, soak, trips, gate,
    requested_by, owner, ended_at, ball_with, waiting_for, schedule, possible_at, due_at, seq,
    decode(hash, 'hex'), stage_seq
FROM jsonb_to_recordset(%(rows)s) AS x(journey_id uuid, client_id text, current_stage text,
    previous_stage text, started_at timestamptz, stage_started_at timestamptz,
    completed_stages text[], metadata jsonb, journey_key text, path_id bigint, path_name text,
    visit int, admitted_at timestamptz, target_stage text, held_since timestamptz,
    hold_reason text, held_by text, holds jsonb, wave int, rollout_percent int, rollbacks int,
    soak jsonb, trips jsonb, gate jsonb, requested_by text, owner text, ended_at timestamptz,
    ball_with text, waiting_for text, schedule text, possible_at timestamptz, due_at timestamptz,
    seq bigint, hash text, stage_seq bigint);

-- name: update
-- Write journeys as decided; each was locked when it was loaded.
UPDATE journey_states j SET
    current_stage = x.current_stage, previous_stage = x.previous_stage,
    stage_started_at = x.stage_started_at, completed_stages = x.completed_stages,
    metadata = x.metadata, updated_at = now(), path_id = x.path_id, path_name = x.path_name,
    visit = x.visit, admitted_at = x.admitted_at, target_stage = x.target_stage,
    held_since = x.held_since, hold_reason = x.hold_reason, held_by = x.held_by, holds = x.holds,
    wave = x.wave, rollout_percent = x.rollout_percent, rollbacks = x.rollbacks, soak = x.soak,
    trips = x.trips, gate = x.gate, requested_by = x.requested_by, owner = x.owner,
    ended_at = x.ended_at, ball_with = x.ball_with, waiting_for = x.waiting_for,
    schedule = x.schedule, possible_at = x.possible_at, due_at = x.due_at, seq = x.seq,
    hash = decode(x.hash, 'hex'), stage_seq = x.stage_seq
FROM jsonb_to_recordset(%(rows)s) AS x(journey_id uuid, current_stage text,
    previous_stage text, stage_started_at timestamptz, completed_stages text[], metadata jsonb,
    path_id bigint, path_name text, visit int, admitted_at timestamptz, target_stage text,
    held_since timestamptz, hold_reason text, held_by text, holds jsonb, wave int,
    rollout_percent int, rollbacks int, soak jsonb, trips jsonb, gate jsonb, requested_by text,
    owner text, ended_at timestamptz, ball_with text, waiting_for text, schedule text,
    possible_at timestamptz, due_at timestamptz, seq bigint, hash text, stage_seq bigint)
WHERE j.journey_id = x.journey_id;

-- name: next_due
-- Say when the next journey has to be looked at; one that was woken is due since long.
SELECT CASE WHEN EXISTS (SELECT 1 FROM wakeups
                         WHERE NOT parked AND journey_id <> ALL(%(resting)s::uuid[]))
            THEN timestamptz 'epoch'
            ELSE (SELECT min(due_at) FROM journey_states WHERE due_at IS NOT NULL) END AS due;

-- name: wake
-- Ask the conductor to look at journeys soon.
INSERT INTO wakeups (journey_id) SELECT DISTINCT unnest(%(ids)s::uuid[]);

-- name: list
-- List journeys with what people look for, filtered and ordered by key.
SELECT journey_id, journey_key, client_id, path_name, current_stage, previous_stage, started_at,
       stage_started_at, completed_stages, visit, held_since, hold_reason, rollout_percent,
       rollbacks, gate, owner, ended_at, ball_with, waiting_for, schedule, possible_at, updated_at,
       holds
FROM journey_states
WHERE (%(stage)s::text IS NULL OR current_stage = %(stage)s)
  AND (%(ball)s::text IS NULL OR ball_with = %(ball)s)
  AND (%(schedule)s::text IS NULL OR (schedule = %(schedule)s AND ended_at IS NULL))
  AND (%(path)s::text IS NULL OR path_name = %(path)s)
  AND (%(owner)s::text IS NULL OR owner = %(owner)s)
  AND (%(held)s::boolean IS NULL OR (held_since IS NOT NULL) = %(held)s)
  AND (%(active)s::boolean IS NULL OR (ended_at IS NULL) = %(active)s)
  AND (%(search)s::text IS NULL OR client_id ILIKE %(search)s)
  AND (%(after)s::text IS NULL OR journey_key > %(after)s)
ORDER BY journey_key LIMIT %(limit)s;

-- name: count_by_stage
-- Count journeys in each stage.
SELECT current_stage, count(*) FROM journey_states GROUP BY 1 ORDER BY 1;

-- name: on_path
-- List the running journeys of a path with the version that they are pinned to.
SELECT j.journey_id FROM journey_states j JOIN paths p USING (path_id)
WHERE j.ended_at IS NULL AND p.name = %(name)s AND (%(version)s::int IS NULL OR p.version = %(version)s)
ORDER BY j.journey_id LIMIT %(limit)s;

-- name: postpone
-- Leave journeys alone for a while on which deciding failed.
UPDATE journey_states SET due_at = %(until)s WHERE journey_id = ANY(%(ids)s);

-- name: park
-- Keep what tasks found for the next time that their journeys are due.
INSERT INTO wakeups (journey_id, facts, source, parked)
SELECT journey_id, facts, source, true
FROM jsonb_to_recordset(%(rows)s) AS x(journey_id uuid, facts jsonb, source text);

-- name: resolve
-- Find the journey that each of many names means: the active one of a client, else the newest;
-- and how many active ones there are, for a client may have several on different paths.
SELECT DISTINCT ON (name) name, journey_id, path_id,
       count(*) FILTER (WHERE ended_at IS NULL) OVER (PARTITION BY name) AS active
FROM (
    SELECT n.name, j.journey_id, j.path_id, j.ended_at, j.started_at
    FROM unnest(%(names)s::text[]) n(name) JOIN journey_states j ON j.client_id = n.name
    UNION
    SELECT n.name, j.journey_id, j.path_id, j.ended_at, j.started_at
    FROM unnest(%(names)s::text[]) n(name) JOIN journey_states j ON j.journey_key = n.name
    UNION
    SELECT n.name, j.journey_id, j.path_id, j.ended_at, j.started_at
    FROM unnest(%(names)s::text[], %(ids)s::uuid[]) n(name, id)
    JOIN journey_states j ON j.journey_id = n.id) x
ORDER BY name, (ended_at IS NULL) DESC, started_at DESC;

-- name: taken_keys
-- Find the journey keys that clients have used.
SELECT journey_key FROM journey_states WHERE client_id = ANY(%(clients)s);
