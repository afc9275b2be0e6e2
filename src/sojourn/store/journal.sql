-- name: append
-- Append chained events; the foreign keys refuse a transition that the path does not have.
INSERT INTO journey_events (journey_id, seq, type, at, actor, reason, cause, data, path_id,
    from_stage, event, to_stage, prev_stage_seq, prev_hash, hash)
SELECT journey_id, seq, type, at, actor, reason, cause, data, path_id, from_stage, event, to_stage,
    prev_stage_seq, decode(prev_hash, 'hex'), decode(hash, 'hex')
FROM jsonb_to_recordset(%(rows)s) AS x(journey_id uuid, seq bigint, type text, at timestamptz,
    actor text, reason text, cause text, data jsonb, path_id bigint, from_stage text, event text,
    to_stage text, prev_stage_seq bigint, prev_hash text, hash text)
ORDER BY journey_id, seq;

-- name: of_journey
-- Read a journey's events in order, after a number, newest limit first or oldest.
SELECT e.journey_id, e.seq, e.type, e.at, e.actor, e.reason, e.cause, e.data, e.from_stage,
       e.event, e.to_stage, e.prev_hash, e.hash, e.event_id
FROM journey_events e
WHERE e.journey_id = %(journey_id)s AND e.seq > %(after)s
  AND (%(type)s::text IS NULL OR e.type = %(type)s)
ORDER BY e.seq LIMIT %(limit)s;

-- name: newest
-- Read the newest events of all journeys after an id, oldest first.
SELECT * FROM (
    SELECT e.event_id, e.journey_id, j.client_id, e.seq, e.type, e.at, e.actor, e.reason, e.cause,
           e.data, e.from_stage, e.event, e.to_stage
    FROM journey_events e JOIN journey_states j USING (journey_id)
    WHERE e.event_id > %(after)s AND (%(type)s::text IS NULL OR e.type = %(type)s)
    ORDER BY CASE WHEN %(tail)s THEN -e.event_id ELSE e.event_id END LIMIT %(limit)s) x
ORDER BY event_id;

-- name: to_verify
-- Read the next journeys' ids for the audit.
SELECT journey_id, journey_key, client_id FROM journey_states
WHERE journey_id > %(after)s ORDER BY journey_id LIMIT %(limit)s;

-- name: chains
-- Read all events of some journeys, each in order.
SELECT journey_id, seq, type, at, actor, reason, cause, data, from_stage, event, to_stage,
       prev_hash, hash
FROM journey_events WHERE journey_id = ANY(%(ids)s) ORDER BY journey_id, seq;
