-- name: raise
-- Open alerts; one that is open already stays as it is.
INSERT INTO alerts (journey_id, kind, subject, severity, message, remedy, raised_at)
SELECT journey_id, kind, subject, severity, message, remedy, at
FROM jsonb_to_recordset(%(rows)s) AS x(journey_id uuid, kind text, subject text, severity text,
    message text, remedy text, at timestamptz)
ON CONFLICT DO NOTHING;

-- name: resolve
-- Close alerts whose condition is over.
UPDATE alerts a SET resolved_at = x.at
FROM jsonb_to_recordset(%(rows)s) AS x(journey_id uuid, kind text, subject text, at timestamptz)
WHERE a.journey_id = x.journey_id AND a.kind = x.kind AND a.subject = x.subject
  AND a.resolved_at IS NULL;

-- name: open
-- List open alerts, the gravest and oldest first.
SELECT j.client_id, a.kind, a.subject, a.severity, a.message, a.remedy, a.raised_at
FROM alerts a JOIN journey_states j USING (journey_id)
WHERE a.resolved_at IS NULL AND (%(journey_id)s::uuid IS NULL OR a.journey_id = %(journey_id)s)
ORDER BY a.severity = 'page' DESC, a.raised_at LIMIT %(limit)s;
