-- Processes that share a store, who holds what, and executions that survive their process.

-- capacity: so many durable executions it carries out at the same time.
CREATE TABLE processes (
  id TEXT NOT NULL PRIMARY KEY,
  role TEXT NOT NULL,
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  release TEXT NOT NULL,
  capacity INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL
) STRICT;
CREATE INDEX processes_started_at ON processes (started_at, id);

-- holder: the process that carries it out; NULL is none.
-- attempt: how often it was taken up; who holds it says which attempt it is at.
ALTER TABLE executions ADD COLUMN is_durable INTEGER NOT NULL DEFAULT 0;
ALTER TABLE executions ADD COLUMN holder TEXT;
ALTER TABLE executions ADD COLUMN attempt INTEGER NOT NULL DEFAULT 0;
DROP INDEX executions_running;
CREATE INDEX executions_running ON executions (holder, account, id) WHERE status = 'Running';
CREATE UNIQUE INDEX durable_executions_name ON executions (account, file_id, pointer_id, name)
  WHERE is_durable = 1;
CREATE INDEX durable_executions_going ON executions (account, ended_at)
  WHERE is_durable = 1 AND ended_at IS NULL;
CREATE INDEX durable_executions_of_file ON executions (account, file_id, started_at, id) WHERE is_durable = 1;
CREATE INDEX durable_executions_of_pointer ON executions (account, file_id, pointer_id, started_at, id)
  WHERE is_durable = 1;

ALTER TABLE sessions ADD COLUMN holder TEXT;
ALTER TABLE jobs ADD COLUMN holder TEXT;

CREATE TABLE tickets (
  account TEXT NOT NULL,
  execution_id TEXT NOT NULL,
  digest TEXT NOT NULL,
  node TEXT NOT NULL,
  output TEXT NOT NULL,
  max_parallel INTEGER,
  latency TEXT,
  role TEXT,
  "key" TEXT,
  document BLOB NOT NULL,
  content BLOB NOT NULL,
  PRIMARY KEY (account, execution_id),
  FOREIGN KEY (account, execution_id) REFERENCES executions (account, id) ON DELETE CASCADE
) STRICT;
