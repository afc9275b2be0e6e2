-- name: begin
-- Take the place of a request: a new one, one that has expired, or one that was given up undone.
INSERT INTO idempotency_keys AS i (principal, key, request, busy_until, expires_at)
VALUES (%(principal)s, %(key)s, %(request)s, now() + %(busy)s::interval,
    now() + %(lasts)s::interval)
ON CONFLICT (principal, key) DO UPDATE SET attempt = i.attempt + 1, request = excluded.request,
    done = false, busy_until = excluded.busy_until, expires_at = excluded.expires_at,
    status = NULL, headers = NULL, body = NULL
WHERE i.expires_at <= now()
   OR (i.request = excluded.request AND i.status IS NULL AND NOT i.done AND i.busy_until <= now())
RETURNING attempt;

-- name: find
-- Read what is known of a request.
SELECT request, attempt, done, busy_until > now() AS busy, status, headers, body
FROM idempotency_keys WHERE principal = %(principal)s AND key = %(key)s;

-- name: done
-- Note, within its transaction, that a request is being carried out; nothing if it lost its place.
UPDATE idempotency_keys SET done = true
WHERE principal = %(principal)s AND key = %(key)s AND attempt = %(attempt)s AND status IS NULL
RETURNING attempt;

-- name: answer
-- Keep the answer of a request.
UPDATE idempotency_keys SET status = %(status)s, headers = %(headers)s, body = %(body)s
WHERE principal = %(principal)s AND key = %(key)s AND attempt = %(attempt)s;

-- name: release
-- Give the place of a request up that changed nothing.
DELETE FROM idempotency_keys
WHERE principal = %(principal)s AND key = %(key)s AND attempt = %(attempt)s AND NOT done;

-- name: purge
-- Forget requests that have expired.
DELETE FROM idempotency_keys WHERE expires_at <= now();
