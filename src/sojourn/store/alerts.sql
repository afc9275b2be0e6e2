-- name: raise
-- Open alerts; one that is open already stays as it is. What swings and was resolved a moment ago
-- is the same alert still, of which people have heard.
WITH x AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s) AS x(journey_id uuid, kind text, subject text,
        severity text, message text, remedy text, actual text, expected text, cause text,
        at timestamptz)
), again AS (
    UPDATE alerts a SET resolved_at = NULL, message = x.message, remedy = x.remedy,
        actual = x.actual, expected = x.expected, cause = x.cause
    FROM x WHERE a.journey_id = x.journey_id AND a.kind = x.kind AND a.subject = x.subject
      AND x.kind = ANY (%(swinging)s) AND a.resolved_at > x.at - %(quiet)s::interval
      AND a.severity = x.severity
    RETURNING a.journey_id, a.kind, a.subject
)
INSERT INTO alerts (journey_id, kind, subject, severity, message, remedy, actual, expected, cause,
    raised_at)
SELECT journey_id, kind, subject, severity, message, remedy, actual, expected, cause, at
FROM x WHERE (journey_id, kind, subject) NOT IN (SELECT journey_id, kind, subject FROM again)
ON CONFLICT DO NOTHING;

-- name: resolve
-- Close alerts whose condition is over.
UPDATE alerts a SET resolved_at = x.at
FROM jsonb_to_recordset(%(rows)s) AS x(journey_id uuid, kind text, subject text, at timestamptz)
WHERE a.journey_id = x.journey_id AND a.kind = x.kind AND a.subject = x.subject
  AND a.resolved_at IS NULL;

-- name: open
-- List open alerts, the gravest and oldest first.
SELECT j.client_id, a.kind, a.subject, a.severity, a.message, a.remedy, a.actual, a.expected,
       a.cause, coalesce(a.owner, j.owner) AS owner, a.raised_at, a.acknowledged_by
FROM alerts a JOIN journey_states j USING (journey_id)
WHERE a.resolved_at IS NULL AND (%(journey_id)s::uuid IS NULL OR a.journey_id = %(journey_id)s)
ORDER BY a.severity = 'page' DESC, a.raised_at LIMIT %(limit)s;
