-- Limits of agents, held across all workers: places, starts in a window of time, circuit breakers.

-- One row per agent of the directory. A breaker is closed where open_until is null; it is open
-- until then, and half-open after: one task is sent to see, and open_until set on for the next.
CREATE TABLE agent_gates (
    agent_id         text PRIMARY KEY,
    max_concurrency  integer CHECK (max_concurrency > 0),
    window_most      integer CHECK (window_most > 0),
    window_s         double precision CHECK (window_s > 0),
    breaker_failures integer NOT NULL DEFAULT 0 CHECK (breaker_failures >= 0),
    breaker_pause    interval NOT NULL DEFAULT '30 seconds',
    breaker_longest  interval NOT NULL DEFAULT '10 minutes',
    failures         integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    openings         integer NOT NULL DEFAULT 0 CHECK (openings >= 0),
    open_until       timestamptz,
    opened_at        timestamptz,
    probing          boolean NOT NULL DEFAULT false,
    CHECK ((window_most IS NULL) = (window_s IS NULL)),
    CHECK ((open_until IS NULL) = (opened_at IS NULL)),
    CHECK (open_until IS NOT NULL OR NOT probing)
) WITH (fillfactor = 50);

-- What an agent with a rate was sent lately, in sixtieths of its window.
CREATE TABLE agent_starts (
    agent_id text NOT NULL REFERENCES agent_gates,
    slot     bigint NOT NULL,
    n        integer NOT NULL CHECK (n > 0),
    PRIMARY KEY (agent_id, slot)
) WITH (fillfactor = 50);

-- gated: due, but not to be sent before its agent has room; such tasks wait in a queue of their
-- own, so that nobody else's claim has to step over them. placed: it takes up a place.
ALTER TABLE tasks
    ADD COLUMN gated boolean NOT NULL DEFAULT false,
    ADD COLUMN placed boolean NOT NULL DEFAULT false;
DROP INDEX tasks_ready;
DROP INDEX tasks_timed;
CREATE INDEX tasks_ready ON tasks (due_at)
    WHERE due_at IS NOT NULL AND NOT timed AND NOT held AND NOT gated;
CREATE INDEX tasks_timed ON tasks (due_at)
    WHERE due_at IS NOT NULL AND timed AND NOT held AND NOT gated;
CREATE INDEX tasks_gated ON tasks (agent_id, due_at)
    WHERE due_at IS NOT NULL AND NOT held AND gated;
CREATE INDEX tasks_gated_deadline ON tasks (deadline_at)
    WHERE due_at IS NOT NULL AND NOT held AND gated;
CREATE INDEX tasks_places ON tasks (agent_id)
    WHERE placed AND question IS NULL AND (status = 'running' OR cancelling);
