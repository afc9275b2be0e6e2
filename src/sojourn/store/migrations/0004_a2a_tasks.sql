-- Tasks of other agents that ask us over A2A.

CREATE TABLE a2a_tasks (
    task_id     uuid PRIMARY KEY,
    owner       text NOT NULL,
    context_id  text NOT NULL,
    skill       text NOT NULL,
    state       text NOT NULL CHECK (state IN ('submitted', 'working', 'input_required',
                    'completed', 'failed', 'canceled', 'rejected')),
    said        text NOT NULL DEFAULT '',
    request     jsonb NOT NULL,
    messages    jsonb NOT NULL,
    artifacts   jsonb NOT NULL DEFAULT '[]',
    journey_id  uuid REFERENCES journey_states,
    until_stage varchar(40),
    ready_at    timestamptz,
    version     integer NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (until_stage IS NULL OR journey_id IS NOT NULL)
);
CREATE INDEX a2a_tasks_owner ON a2a_tasks (owner, context_id);
CREATE INDEX a2a_tasks_old ON a2a_tasks (changed_at);

-- How each stands now: one that waits for a journey stands as the journey's own rows say, so that
-- nothing has to be running for it to go on.
CREATE VIEW a2a_task_states AS
SELECT t.*, j.client_id, j.journey_key, j.current_stage, j.ball_with, j.waiting_for, r.reached_at,
       CASE WHEN t.state <> 'working' THEN t.state
            WHEN r.reached_at IS NOT NULL THEN 'completed'
            WHEN t.until_stage IS NOT NULL AND j.ended_at IS NOT NULL THEN 'failed'
            WHEN t.ready_at <= now() THEN 'completed'
            ELSE 'working' END AS stands,
       CASE WHEN t.state <> 'working' THEN t.changed_at
            WHEN t.ready_at <= now() THEN t.ready_at
            ELSE greatest(t.changed_at, coalesce(r.reached_at, m.recorded_at)) END AS stands_since
FROM a2a_tasks t
LEFT JOIN journey_states j USING (journey_id)
LEFT JOIN journey_events m ON m.journey_id = j.journey_id AND m.seq = j.stage_seq
LEFT JOIN LATERAL (
    SELECT min(e.recorded_at) AS reached_at FROM journey_events e
    WHERE e.journey_id = t.journey_id AND e.to_stage = t.until_stage) r ON true;
