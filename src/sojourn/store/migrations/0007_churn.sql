-- Rows that change all the time: swept early, whatever the size of their table; and one index less
-- for every event that is no transition.

-- The history of stages is one line, as before; only transitions have a place in it.
ALTER TABLE journey_events DROP CONSTRAINT journey_events_journey_id_prev_stage_seq_key;
CREATE UNIQUE INDEX journey_events_one_line ON journey_events (journey_id, prev_stage_seq)
    WHERE prev_stage_seq IS NOT NULL;

-- PostgreSQL's own setting waits until a fifth of a table is dead: of ten million tasks, two million.
ALTER TABLE wakeups SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_cost_delay = 0);
ALTER TABLE tasks SET (autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 5000, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE journey_states SET (autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 2000, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE units_of_work SET (autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 2000, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE deliveries SET (autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 2000);
