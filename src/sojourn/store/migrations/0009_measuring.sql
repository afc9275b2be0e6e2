-- A decision reads windows from the index alone. Measurements lie in the table as they came in, so
-- that the thirty days of one metric are thirty pages of it, and one or two of the index.
ALTER TABLE measurements DROP CONSTRAINT measurements_pkey;
ALTER TABLE measurements ADD CONSTRAINT measurements_pkey
    PRIMARY KEY (journey_id, metric, at, source) INCLUDE (value, n);

-- That needs pages which vacuum has seen: PostgreSQL's own setting lets a fifth of the table wait.
ALTER TABLE measurements SET (autovacuum_vacuum_insert_scale_factor = 0.02,
    autovacuum_vacuum_insert_threshold = 10000);
