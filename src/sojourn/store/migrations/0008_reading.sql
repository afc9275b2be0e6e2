-- Indexes for those who look: each holds only the few rows that are looked for, so that writing
-- pays nearly nothing for them.

-- Transitions among all events: the history of stages of all journeys at once.
CREATE INDEX journey_events_moves ON journey_events (journey_id, seq)
    INCLUDE (at, from_stage, event, to_stage, prev_stage_seq) WHERE type = 'transition';

-- What people did with their own hands.
CREATE INDEX journey_events_hands ON journey_events (journey_id)
    WHERE type IN ('waiver.given', 'task.retried', 'journey.held', 'unit.submitted')
      AND actor <> 'engine';

-- Tasks that wait for a person. Their predicate's columns are in other indexes' already.
CREATE INDEX tasks_troubled ON tasks (journey_id, uow_id)
    WHERE status = 'failed' OR (status = 'running' AND question IS NOT NULL);

-- Deliveries to all webhooks, the newest first.
CREATE INDEX deliveries_newest ON deliveries (created_at DESC, delivery_id DESC);
