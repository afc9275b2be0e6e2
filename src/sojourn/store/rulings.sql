-- name: of_journey
-- Read what people have ruled on a journey, the newest first.
SELECT approval_id, criterion, answer, actor, roles, reason, at, visit, expires_at, evidence,
       evidence_hash
FROM approvals WHERE journey_id = %(journey_id)s ORDER BY approval_id DESC LIMIT %(limit)s;
