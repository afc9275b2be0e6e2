-- name: begin
-- Open lines of the rollback history.
INSERT INTO rollback_history (journey_id, rollback_id, status, from_stage, target_stage,
    trigger_type, reason, cause, actor, started_at, deadline_at)
SELECT journey_id, rollback_id, 'executing', from_stage, target_stage, trigger_type, reason, cause,
    actor, started_at, deadline_at
FROM jsonb_to_recordset(%(rows)s) AS x(journey_id uuid, rollback_id uuid, from_stage text,
    target_stage text, trigger_type text, reason text, cause text, actor text,
    started_at timestamptz, deadline_at timestamptz);

-- name: change
-- Note what became of rollbacks.
UPDATE rollback_history h SET status = x.status, checks = coalesce(x.checks, h.checks),
    deadline_at = coalesce(x.deadline_at, h.deadline_at),
    completed_at = CASE WHEN x.completed THEN x.at END
FROM jsonb_to_recordset(%(rows)s) AS x(journey_id uuid, rollback_id uuid, status text,
    checks jsonb, completed boolean, at timestamptz, deadline_at timestamptz)
WHERE h.journey_id = x.journey_id AND h.rollback_id = x.rollback_id;

-- name: history
-- Read a journey's rollbacks, oldest first.
SELECT rollback_id, status, from_stage, target_stage, trigger_type, reason, cause, actor, checks,
       started_at, deadline_at, completed_at
FROM rollback_history WHERE journey_id = %(journey_id)s ORDER BY started_at;
