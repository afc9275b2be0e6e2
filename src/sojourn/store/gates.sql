-- name: insert_results
-- Keep gate attempts with all their checks.
INSERT INTO validation_results (journey_id, gate, kind, visit, attempt, passed, verdict, summary,
    checks, actor, evaluated_at)
SELECT journey_id, gate, kind, visit, attempt, passed, verdict, summary, checks, actor, evaluated_at
FROM jsonb_to_recordset(%(rows)s) AS x(journey_id uuid, gate text, kind text, visit int,
    attempt int, passed boolean, verdict text, summary text, checks jsonb, actor text,
    evaluated_at timestamptz);

-- name: insert_rulings
-- Keep approvals, rejections and waivers with the evidence they saw.
INSERT INTO approvals (journey_id, criterion, answer, actor, roles, reason, at, visit, expires_at,
    evidence, evidence_hash)
SELECT journey_id, criterion, answer, actor, roles, reason, at, visit, expires_at, evidence,
    evidence_hash
FROM jsonb_to_recordset(%(rows)s) AS x(journey_id uuid, criterion text, answer text, actor text,
    roles text[], reason text, at timestamptz, visit int, expires_at timestamptz, evidence jsonb,
    evidence_hash text);

-- name: upsert_facts
-- Keep the latest word on facts.
INSERT INTO facts (journey_id, name, value, at, source, actor)
-- An agent may find that something is null; that is a JSON value, not a missing one.
SELECT journey_id, name, coalesce(value, 'null'), at, source, actor
FROM jsonb_to_recordset(%(rows)s) AS x(journey_id uuid, name text, value jsonb, at timestamptz,
    source text, actor text)
ON CONFLICT (journey_id, name) DO UPDATE SET value = excluded.value, at = excluded.at,
    source = excluded.source, actor = excluded.actor;

-- name: results
-- Read a journey's gate attempts, oldest first.
SELECT gate, kind, visit, attempt, passed, verdict, summary, checks, actor, evaluated_at
FROM validation_results WHERE journey_id = %(journey_id)s ORDER BY validation_id LIMIT %(limit)s;
