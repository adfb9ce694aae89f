-- The trace in which something was committed: what is published later belongs to it too.
ALTER TABLE outbox ADD COLUMN trace text;
ALTER TABLE dead_letters ADD COLUMN trace text;
